// The configuration of a tool of kind `http`, and the request that it makes of a call's arguments. Secrets are named in it
// as whole header values and stay names here: what is rendered, and what an approver sees, never holds one.
import { z } from 'zod'
import { isSecretReference, parseSecretReference } from '../vault/secret-reference.ts'
import { type JsonTemplate, faultOfBodyTemplate, namesInBody, renderBody } from './body-template.ts'
import {
  type Arguments,
  fill,
  hasStrayBraces,
  namesIn,
  onlyNameIn,
  refuseArgument,
  textOf,
  valueOf,
} from './placeholders.ts'
import { faultOfUrlTemplate, renderUrl } from './url-template.ts'

const methods = ['GET', 'HEAD', 'POST', 'PUT', 'PATCH', 'DELETE', 'OPTIONS'] as const
/** They have no body, or none that servers read. */
const withoutBody: readonly string[] = ['GET', 'HEAD', 'OPTIONS']
const limits = { url: 2_000, headers: 30, headerValue: 2_000, body: 50_000 }

const visible = /^[\t\x20-\x7e]*$/
const isReference = (value: string): boolean => value.startsWith('secret://')

const headerName = z.string().regex(/^[A-Za-z0-9!#$%&'*+.^_`|~-]{1,100}$/, 'is a header’s name')
const headerValue = z
  .string()
  .max(limits.headerValue)
  .regex(visible, 'is printable ASCII')
  .refine((value) => !value.includes('secret://') || isSecretReference(value), 'is nothing but secret://path#version')
  .refine((value) => !hasStrayBraces(value), 'has braces that are no {{placeholder}}')

const url = z
  .string()
  .max(limits.url)
  .superRefine((value, context) => {
    const message = faultOfUrlTemplate(value)
    if (message !== undefined) context.addIssue({ code: 'custom', message })
  })

interface ConfigShape {
  readonly method: string
  readonly headers: Readonly<Record<string, string>>
  readonly body?: JsonTemplate | undefined
}

const contentTypeOf = ({ headers }: ConfigShape): string =>
  Object.entries(headers).find(([name]) => name.toLowerCase() === 'content-type')?.[1] ?? 'application/json'

function faultsOf(config: ConfigShape): [path: string, message: string][] {
  const faults: [string, string][] = []
  const { headers, body } = config
  const names = Object.keys(headers).map((name) => name.toLowerCase())
  if (new Set(names).size < names.length) faults.push(['headers', 'names no header twice'])
  if (names.length > limits.headers) faults.push(['headers', `has at most ${limits.headers} headers`])
  if (body === undefined) return faults
  if (withoutBody.includes(config.method)) faults.push(['body', `is nothing that ${config.method} may have`])
  if (JSON.stringify(body).length > limits.body) faults.push(['body', `has at most ${limits.body} characters`])
  if (JSON.stringify(body).includes('secret://')) faults.push(['body', 'holds no secret: they go in headers alone'])
  const fault = faultOfBodyTemplate(body, contentTypeOf(config))
  if (fault !== undefined) faults.push(['body', fault])
  return faults
}

/**
 * `url`: placeholders in the path and in values of the query. `headers`: placeholders, or `secret://path#version` as the
 * whole value. `body`: a JSON value, in which a string that is one placeholder becomes the argument itself; or a text,
 * which is JSON (or a form, by its content type) wherever it has placeholders.
 */
export const httpToolConfigSchema = z
  .strictObject({
    method: z.enum(methods).default('GET'),
    url,
    headers: z.record(headerName, headerValue).default({}),
    body: z.json().optional(),
  })
  .superRefine((config, context) => {
    for (const [path, message] of faultsOf(config)) context.addIssue({ code: 'custom', path: [path], message })
  })
export type HttpToolConfig = z.infer<typeof httpToolConfigSchema>

/** Without `arguments`, which stands for all of them. */
export function argumentNamesOf({ url: template, headers, body }: HttpToolConfig): string[] {
  const inHeaders = Object.values(headers).flatMap(namesIn)
  return [...new Set([...namesIn(template), ...inHeaders, ...(body === undefined ? [] : namesInBody(body))])]
}

export const secretReferencesOf = ({ headers }: HttpToolConfig): string[] => [
  ...new Set(Object.values(headers).filter(isReference)),
]

export interface RenderedRequest {
  readonly method: HttpToolConfig['method']
  readonly url: string
  /** Without those that carry secrets. */
  readonly headers: Readonly<Record<string, string>>
  readonly body: string | undefined
  /** A header’s name, and the reference to what it carries. */
  readonly secretHeaders: Readonly<Record<string, string>>
}

function headerText(name: string, args: Arguments): string {
  const text = textOf(name, args)
  return visible.test(text) ? text : refuseArgument(name, 'is part of a header, so that it must be printable ASCII')
}

/** A header that is one argument, which isn't given. */
function isLeftOut(template: string, args: Arguments): boolean {
  const only = onlyNameIn(template)
  return only !== undefined && (valueOf(only, args) ?? null) === null
}

/** Throws `tool.arguments_invalid` for an argument that has no form in its place. */
export function render(config: HttpToolConfig, args: Arguments): RenderedRequest {
  const headers: Record<string, string> = {}
  const secretHeaders: Record<string, string> = {}
  for (const [name, value] of Object.entries(config.headers)) {
    if (isReference(value)) secretHeaders[name] = value
    else if (!isLeftOut(value, args)) headers[name] = fill(value, (argument) => headerText(argument, args))
  }
  const { method, body } = config
  const contentType = contentTypeOf(config)
  if (body !== undefined && !Object.keys(headers).some((name) => name.toLowerCase() === 'content-type'))
    headers['content-type'] = contentType
  return {
    method,
    url: renderUrl(config.url, args),
    headers,
    body: body === undefined ? undefined : renderBody(body, contentType, args),
    secretHeaders,
  }
}

export interface RequestPreview {
  readonly method: string
  readonly url: string
  /** Of the secrets that go along. */
  readonly secretPaths: readonly string[]
  readonly body: string | null
}

/** What will be sent, for whoever approves it. Throws `tool.arguments_invalid`. */
export function previewOf(config: HttpToolConfig, args: Arguments): RequestPreview {
  const { method, url: address, body = null } = render(config, args)
  return {
    method,
    url: address,
    secretPaths: secretReferencesOf(config).map((one) => parseSecretReference(one).path),
    body,
  }
}
