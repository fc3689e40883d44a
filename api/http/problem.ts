// Every failure that leaves the API, as RFC 9457 problem details. The only table from error kinds to HTTP statuses.
// Foreign errors are recognised here or become `internal`: no message that we didn't write reaches a client.
import { isGrpcServiceError } from '@temporalio/client'
import type { Response } from 'express'
import { isDatabaseUnavailable } from '../../db/is-database-unavailable.ts'
import { AppError, type ErrorCode, type ErrorKind, type FieldFault } from '../../domain/errors.ts'

const statuses: Readonly<Record<ErrorKind, number>> = {
  malformed: 400,
  unauthenticated: 401,
  forbidden: 403,
  'not-found': 404,
  conflict: 409,
  precondition: 412,
  'too-large': 413,
  unsupported: 415,
  invalid: 422,
  limited: 429,
  internal: 500,
  unavailable: 503,
}

export const statusOf = (kind: ErrorKind): number => statuses[kind]

/** RFC 9457, with the stable code of domain/errors.ts and what the code carries. */
export interface Problem {
  readonly type: string
  readonly title: string
  readonly status: number
  readonly code: ErrorCode
  readonly detail?: string
  /** The path of the request, without its query. */
  readonly instance: string
  readonly errors?: readonly FieldFault[]
  readonly resourceId?: string
}

/** Of the errors that Express, its router and its body parsers raise on purpose (`expose` marks them). */
function codeOfHttpError(error: Error): ErrorCode | undefined {
  if (error instanceof URIError) return 'request.malformed'
  const { status, expose, type } = error as { status?: unknown; expose?: unknown; type?: unknown }
  if (expose !== true || typeof status !== 'number' || status < 400 || status > 499) return undefined
  if (type === 'request.aborted') return 'request.aborted'
  if (status === 403 || status === 404) return 'route.not_found'
  if (status === 412) return 'request.precondition_failed'
  if (status === 413) return 'request.too_large'
  if (status === 415) return 'request.unsupported_media_type'
  return 'request.malformed'
}

/** gRPC's DEADLINE_EXCEEDED, RESOURCE_EXHAUSTED and UNAVAILABLE. */
const grpcOutages: ReadonlySet<number> = new Set([4, 8, 14])

function isOutage(error: Error): boolean {
  if (isDatabaseUnavailable(error)) return true
  if (isGrpcServiceError(error)) return grpcOutages.has(error.code)
  return error.cause instanceof Error && isOutage(error.cause)
}

const outageRetryMs = 1_000

/** Any thrown value as an AppError. What isn't known becomes `internal`, with the original as its cause for the log. */
export function toAppError(error: unknown): AppError {
  if (error instanceof AppError) return error
  if (!(error instanceof Error)) return new AppError('internal', { cause: error })
  const code = codeOfHttpError(error)
  if (code !== undefined) return new AppError(code, { cause: error })
  if (isOutage(error)) return new AppError('service.unavailable', { cause: error, retryAfterMs: outageRetryMs })
  return new AppError('internal', { cause: error })
}

/** A client may have sent any bytes: those that a URI can't hold are percent-encoded. */
function toInstance(url: string): string {
  const [path = '/'] = url.split('?', 1)
  return path.replaceAll(/%(?![0-9a-f]{2})|[^\x21-\x7e]|["<>\\^`{|}]/gi, (part) => encodeURIComponent(part))
}

/** `url` is the request's, as it came. Details of internal failures stay in the log. */
export function toProblem(error: AppError, url: string): Problem {
  const detail = error.kind === 'internal' ? undefined : error.detail
  return {
    type: `urn:cdsa:problem:${error.code}`,
    title: error.title,
    status: statusOf(error.kind),
    code: error.code,
    ...(detail === undefined ? {} : { detail }),
    instance: toInstance(url),
    ...(error.errors === undefined ? {} : { errors: error.errors }),
    ...(error.resourceId === undefined ? {} : { resourceId: error.resourceId }),
  }
}

/** Answers with a problem. The response's headers must not have been sent. */
export function sendProblem(response: Response, error: AppError, url: string): void {
  const problem = toProblem(error, url)
  for (const name of ['ETag', 'Content-Disposition', 'Content-Length', 'Content-Type']) response.removeHeader(name)
  response.status(problem.status).setHeader('Cache-Control', 'no-store')
  if (error.kind === 'unauthenticated') response.setHeader('WWW-Authenticate', 'Bearer')
  if (error.retryAfterMs !== undefined) {
    response.setHeader('Retry-After', String(Math.max(1, Math.ceil(error.retryAfterMs / 1_000))))
  }
  const body = Buffer.from(JSON.stringify(problem))
  response.setHeader('Content-Type', 'application/problem+json').setHeader('Content-Length', body.length)
  response.end(body)
}
