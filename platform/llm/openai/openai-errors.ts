// What the provider's failures mean to us: which may be tried again, when, and what the user should change.
// Details are our own words: a provider's message may repeat parts of a key or of a prompt.
import { AppError, type ErrorCode } from '../../../domain/errors.ts'

/** What the SDK's APIError has; routers give `code` as a number. */
interface SdkFailure {
  readonly status?: number
  readonly headers?: Headers
  /** The error object of the body or of the frame. */
  readonly error?: unknown
  readonly code?: string | number | null
  readonly type?: string | null
  readonly param?: string | null
  readonly message?: string
}

interface Failure {
  /** The HTTP status, or the numeric code of an error frame in the stream. */
  readonly status: number | undefined
  readonly code: string
  /** The provider said so in `x-should-retry`; undefined when it said nothing. */
  readonly shouldRetry: boolean | undefined
  readonly message: string
  readonly param: string | undefined
  readonly requestId: string | undefined
  readonly retryAfterMs: number | undefined
}

/** Request parameters of ours that may be named in a detail. */
const ourParameters = [
  'model',
  'temperature',
  'max_tokens',
  'max_completion_tokens',
  'tools',
  'stream_options',
  'input',
]

function readFailure(error: SdkFailure): Failure {
  const code = String(error.code ?? error.type ?? '')
  const shouldRetry = error.headers?.get('x-should-retry')
  const requestId = error.headers?.get('x-request-id') ?? ''
  return {
    status: error.status ?? (/^[45]\d\d$/.test(code) ? Number(code) : undefined),
    code,
    shouldRetry: shouldRetry === 'true' ? true : shouldRetry === 'false' ? false : undefined,
    message: error.message ?? '',
    param: ourParameters.find((name) => name === error.param),
    requestId: /^[\w-]{1,64}$/.test(requestId) ? requestId : undefined,
    retryAfterMs: error.headers === undefined ? undefined : readRetryAfter(error.headers, Date.now()),
  }
}

/** Milliseconds from `retry-after-ms`, else from `Retry-After` in seconds or as a date (RFC 9110, 10.2.3). */
function readRetryAfter(headers: Pick<Headers, 'get'>, now: number): number | undefined {
  const milliseconds = Number.parseFloat(headers.get('retry-after-ms') ?? '')
  if (Number.isFinite(milliseconds)) return Math.max(0, Math.round(milliseconds))
  const value = (headers.get('retry-after') ?? '').trim()
  if (/^\d+(?:\.\d+)?$/.test(value)) return Math.round(Number(value) * 1_000)
  const date = Date.parse(value)
  return Number.isNaN(date) ? undefined : Math.max(0, date - now)
}

const contextExceeded =
  /context_length_exceeded|exceed_context_size|maximum context length|context (?:window|size|length)/i
const rateLimited = /rate_limit|too_many_requests/
const rejected = /invalid_request|authentication_error|permission|not_found|invalid_api_key/

type Verdict = readonly [code: ErrorCode, detail: string]

const retryable = (failure: Failure): Verdict => [
  'llm.unavailable',
  failure.status === undefined
    ? 'The model’s provider reported an error in the middle of its answer.'
    : `The model’s provider answered with HTTP ${failure.status}.`,
]

function judgeRejection({ status, param }: Failure): Verdict {
  if (status === 401 || status === 403) {
    return [
      'llm.rejected',
      `The model’s provider refused the key (HTTP ${status}): check OPENAI_API_KEY and what it may use.`,
    ]
  }
  if (status === 404) {
    return [
      'llm.rejected',
      'The model’s provider knows no such model (HTTP 404): check the model’s name and OPENAI_BASE_URL.',
    ]
  }
  const about = param === undefined ? '' : `, about the parameter ${param}`
  return [
    'llm.rejected',
    `The model’s provider rejected the request (${status === undefined ? 'in its answer' : `HTTP ${status}`}${about}).`,
  ]
}

function judge(failure: Failure): Verdict {
  const { status, code, shouldRetry, message } = failure
  if (status !== 429 && (status ?? 400) < 500 && contextExceeded.test(`${code} ${message}`)) {
    return [
      'llm.context_exceeded',
      'The conversation is longer than the model’s context: shorten the message, or choose a model with a larger context.',
    ]
  }
  if (status === 429 || (status === undefined && rateLimited.test(code))) {
    return code === 'insufficient_quota' || shouldRetry === false
      ? ['llm.rejected', 'The account’s quota at the model’s provider is used up (HTTP 429).']
      : ['llm.rate_limited', 'The model’s provider limits the rate of requests (HTTP 429).']
  }
  if (status === undefined) return rejected.test(code) ? judgeRejection(failure) : retryable(failure)
  const transient = status === 408 || status === 409 || status >= 500 || status < 400
  if (shouldRetry ?? transient) return retryable(failure)
  return transient
    ? ['llm.rejected', `The model’s provider failed with HTTP ${status}, and says that trying again won’t help.`]
    : judgeRejection(failure)
}

/** The AppError `llm.*` for anything that the SDK threw. The SDK's own error isn't kept: its message isn't ours to show. */
export function toOpenAiError(error: unknown): AppError {
  if (error instanceof AppError) return error
  if (error instanceof SyntaxError) {
    return new AppError('llm.unavailable', { detail: 'The model’s provider sent what can’t be read.' })
  }
  const failed = (error ?? {}) as SdkFailure
  if (failed.status === undefined && failed.error === undefined) {
    return new AppError('llm.unavailable', { detail: 'The model’s provider can’t be reached, or cut the connection.' })
  }
  const failure = readFailure(failed)
  const [code, detail] = judge(failure)
  return new AppError(code, {
    detail: failure.requestId === undefined ? detail : `${detail} Its request id: ${failure.requestId}.`,
    ...(failure.retryAfterMs === undefined ? {} : { retryAfterMs: failure.retryAfterMs }),
  })
}
