// `http_request`: one request to any host that the guard lets through, as a model wrote it. It always asks for approval, and
// a secret goes along only where its own list of destinations allows it.
import { z } from 'zod'
import { secretPath } from '../../domain/vault/secret.ts'
import type { EgressSecret } from '../egress/egress-secret.ts'
import type { Egress } from '../egress/guarded-fetch.ts'
import { httpLimits, toHttpResult } from './http-result.ts'
import { type BuiltinTool, badArgument, defineBuiltinTool, type ToolCallContext } from './tool-runner.ts'

const methods = ['GET', 'HEAD', 'POST', 'PUT', 'PATCH', 'DELETE', 'OPTIONS'] as const
const maxHeaders = 30

const input = z.strictObject({
  method: z.enum(methods),
  url: z.string().min(1).max(4_000).describe('An http or https URL.'),
  headers: z
    .record(z.string().max(100), z.string().max(4_000))
    .refine((headers) => Object.keys(headers).length <= maxHeaders, `has at most ${maxHeaders} headers`)
    .optional(),
  body: z.string().max(100_000).describe('As it is sent; name its kind in the header content-type.').optional(),
  credential: z
    .string()
    .max(500)
    .describe('The path of a stored secret that is sent as a bearer token, to the secret’s own destinations only.')
    .optional(),
})

interface Credential {
  readonly header: string
  readonly prefix: string
  readonly value: string
}

/** A value of the form `Header-Name: value` names its header; any other is a bearer token. */
export function splitCredential(value: string): Credential {
  const [, header, rest] = /^([A-Za-z][A-Za-z0-9-]*): +(\S.*)$/.exec(value) ?? []
  if (header === undefined || rest === undefined) return { header: 'authorization', prefix: 'Bearer ', value }
  return { header: header.toLowerCase(), prefix: '', value: rest }
}

/** For the origin of `url` alone. Throws what `resolveSecret` throws. */
async function openCredential(path: string, url: string, call: ToolCallContext): Promise<EgressSecret> {
  if (!secretPath.safeParse(path).success) throw badArgument('credential', 'must be the path of a secret')
  const secret = await call.resolveSecret(`secret://${path}`, url)
  try {
    return { ...splitCredential(secret.reveal()), destinations: [url] }
  } finally {
    secret.zero()
  }
}

/** Some hosts take a request with a known key for the one that they have served already. */
export const idempotencyHeader = (method: string, { executionId }: ToolCallContext): Record<string, string> =>
  ['GET', 'HEAD', 'OPTIONS'].includes(method) ? {} : { 'idempotency-key': executionId }

const lowerCased = (headers: Readonly<Record<string, string>>): Record<string, string> =>
  Object.fromEntries(Object.entries(headers).map(([name, value]) => [name.toLowerCase(), value]))

/** Answers an HttpResult; a status of 4xx or 5xx is one, too. */
export const createHttpRequest = ({ egress }: { readonly egress: Pick<Egress, 'fetch'> }): BuiltinTool =>
  defineBuiltinTool({
    name: 'http_request',
    description:
      'Sends one HTTP request and gives the answer’s status, main headers and body (JSON or text, cut when it is long). A person approves each call.',
    sideEffects: true,
    requiresApproval: true,
    cacheTtlSeconds: 0,
    input,
    run: async ({ method, url, headers = {}, body, credential }, call) => {
      if (body !== undefined && ['GET', 'HEAD'].includes(method))
        throw badArgument('body', `is nothing that ${method} may have`)
      if (!URL.canParse(url)) throw badArgument('url', 'must be an http or https URL')
      const secrets = credential === undefined ? [] : [await openCredential(credential, url, call)]
      const answer = await egress.fetch(url, {
        ...httpLimits,
        method,
        headers: { ...lowerCased(headers), ...idempotencyHeader(method, call) },
        signal: call.signal,
        secrets,
        ...(body !== undefined && { body }),
      })
      return toHttpResult(answer)
    },
  })
