// A request's input, checked against its route's contracts before any use case sees it. What can't be read is 400, also
// a path or query that breaks its schema; a well-formed body that breaks its schema is 422.
import type { Request, Response } from 'express'
import type { z } from 'zod'
import { AppError, type ErrorCode, type FieldFault } from '../../domain/errors.ts'
import type { Platform } from '../../platform/platform.ts'
import { defaultBodyLimitBytes, readJsonBody } from './json-body.ts'
import { readMultipart } from './multipart.ts'
import type { Route, RouteInput } from './route.ts'
import { requireStorableText } from './storable-text.ts'

export type AnyInput = RouteInput<unknown, unknown, unknown>

export interface ReadInput {
  readonly input: AnyInput
  /** What two requests must share to count as the same one; the body as it came. */
  readonly payload: unknown
}

const maxFaults = 50
const maxTextLength = 300
const shorten = (text: string): string => (text.length > maxTextLength ? `${text.slice(0, maxTextLength)}…` : text)

/** Paths and rules of a schema's complaints; zod's messages never hold the value. */
export function toFaults(error: z.ZodError): FieldFault[] {
  return error.issues.slice(0, maxFaults).map(({ path, message }) => ({
    path: shorten(path.map(String).join('.')),
    message: shorten(message),
  }))
}

interface Part {
  readonly value: unknown
  readonly code: ErrorCode
  readonly detail: string
}

async function check(schema: z.ZodType | undefined, { value, code, detail }: Part): Promise<unknown> {
  if (schema === undefined) return undefined
  const result = await schema.safeParseAsync(value)
  if (result.success) return result.data
  throw new AppError(code, { detail, errors: toFaults(result.error) })
}

const checkBody = (route: Route, value: unknown): Promise<unknown> =>
  check(route.body, { value, code: 'request.invalid', detail: 'The body doesn’t match its schema.' })

function readParams(route: Route, request: Request): Promise<unknown> {
  const params: Record<string, unknown> = { ...request.params }
  for (const [name, value] of Object.entries(params)) requireStorableText(String(value), name)
  return check(route.params, { value: params, code: 'request.malformed', detail: 'The path doesn’t match its schema.' })
}

const readQuery = (route: Route, request: Request): Promise<unknown> =>
  check(route.query, {
    // The getter parses; what is broken is refused for a route without a schema too.
    value: request.query,
    code: 'request.malformed',
    detail: 'The query doesn’t match its schema.',
  })

function readHeaders({ headers }: Route, request: Request): Promise<unknown> {
  const names = Object.keys(headers?.shape ?? {})
  return check(headers, {
    value: Object.fromEntries(names.map((name) => [name, request.get(name)])),
    code: 'request.malformed',
    detail: 'A header doesn’t match its schema.',
  })
}

/** Of the headers If-Match and Last-Event-ID. */
export const maxConditionLength = 255
export const maxEventIdLength = 64

function requireFitting(name: string, value: string | undefined, maxLength: number): void {
  if ((value?.length ?? 0) <= maxLength) return
  throw new AppError('request.malformed', { detail: `${name} has at most ${maxLength} characters.` })
}

/** Of `"3"`, `W/"3"` or `*`: what stands between the quotes. Throws `request.malformed` for anything else. */
function readIfMatch(header: string | undefined): string | undefined {
  if (header === undefined) return undefined
  requireFitting('If-Match', header, maxConditionLength)
  if (header.trim() === '*') return '*'
  const tag = /^\s*(?:W\/)?"([\x21\x23-\x7e]*)"\s*$/.exec(header)?.[1]
  if (tag !== undefined) return tag
  throw new AppError('request.malformed', { detail: 'If-Match holds one entity tag in quotes.' })
}

export interface ReadInputOptions {
  readonly route: Route
  readonly request: Request
  readonly response: Response
  readonly platform: Pick<Platform, 'blobs' | 'config'>
  /** Aborts when the client goes away. */
  readonly signal: AbortSignal
}

type BodyParts = Pick<AnyInput, 'body' | 'file'> & { readonly payload: unknown }

async function readBody({ route, request, response, platform, signal }: ReadInputOptions): Promise<BodyParts> {
  if (route.multipart === true) {
    const { file, fields, rawFields } = await readMultipart(request, {
      blobs: platform.blobs,
      limitBytes: platform.config.http.uploadLimitBytes,
      signal,
      parseFields: (given) => checkBody(route, given),
    })
    return { body: fields, file, payload: { sha256: file.sha256, filename: file.filename, fields: rawFields } }
  }
  if (route.body === undefined) return { body: undefined, file: undefined, payload: null }
  const raw = await readJsonBody(request, response, route.bodyLimitBytes ?? defaultBodyLimitBytes)
  // No body is an empty object: a schema then names what is missing, or is content.
  return { body: await checkBody(route, raw === undefined ? {} : raw), file: undefined, payload: raw ?? {} }
}

/** Throws `request.*` and, for uploads, `document.too_large` and `document.empty`. */
export async function readInput(options: ReadInputOptions): Promise<ReadInput> {
  const { route, request } = options
  const params = await readParams(route, request)
  const query = await readQuery(route, request)
  const headers = await readHeaders(route, request)
  const ifMatch = readIfMatch(request.get('if-match'))
  const lastEventId = request.get('last-event-id') || undefined
  requireFitting('Last-Event-ID', lastEventId, maxEventIdLength)
  const { body, file, payload } = await readBody(options)
  return {
    input: { params, query, headers, body, file, ifMatch, lastEventId },
    payload: { query: request.query, body: payload },
  }
}
