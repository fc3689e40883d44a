// What a provider's failures mean to us, for every driver: which may be tried again, when, and what the user should
// change. Details are our own words: a provider's message may repeat parts of a key or of a prompt.
import { AppError, type ErrorCode } from '../../domain/errors.ts'

/** What a driver reads out of its SDK's error. */
export interface ProviderFailure {
  /** The HTTP status, or the numeric code of an error in the stream. */
  readonly status?: number | undefined
  /** The provider's own name of the failure; empty when it has none. */
  readonly code: string
  /** Looked at, never shown. */
  readonly message: string
  /** Request parameter of ours that the provider complains about. */
  readonly param?: string | undefined
  readonly headers?: Pick<Headers, 'get'> | undefined
}

/** What to check when the provider refuses us, by name: `OPENAI_API_KEY`. */
export interface ProviderAdvice {
  readonly keyVariable: string
  /** As a sentence's end: `check the model’s name and OPENAI_BASE_URL`. */
  readonly unknownModel: string
}

type Verdict = readonly [code: ErrorCode, detail: string]

const contextExceeded =
  /context_length_exceeded|exceed_context_size|maximum context length|context (?:window|size|length|limit)|prompt is too long|request_too_large/i
const rateLimited = /rate_limit|too_many_requests/
const quotaUsedUp = /insufficient_quota|billing_error|credit balance is too low/
const rejected = /invalid_request|authentication_error|permission|not_found|invalid_api_key|billing_error/

/** Milliseconds from `retry-after-ms`, else from `Retry-After` in seconds or as a date (RFC 9110, 10.2.3). */
function readRetryAfter(headers: Pick<Headers, 'get'>, now: number): number | undefined {
  const milliseconds = Number.parseFloat(headers.get('retry-after-ms') ?? '')
  if (Number.isFinite(milliseconds)) return Math.max(0, Math.round(milliseconds))
  const value = (headers.get('retry-after') ?? '').trim()
  if (/^\d+(?:\.\d+)?$/.test(value)) return Math.round(Number(value) * 1_000)
  const date = Date.parse(value)
  return Number.isNaN(date) ? undefined : Math.max(0, date - now)
}

/** Whether the provider says that a retry may help; undefined when it says nothing. */
function readShouldRetry(headers: Pick<Headers, 'get'> | undefined): boolean | undefined {
  const value = headers?.get('x-should-retry')
  return value === 'true' ? true : value === 'false' ? false : undefined
}

function readRequestId(headers: Pick<Headers, 'get'> | undefined): string | undefined {
  const id = headers?.get('x-request-id') ?? headers?.get('request-id') ?? ''
  return /^[\w-]{1,64}$/.test(id) ? id : undefined
}

const retryable = (status: number | undefined): Verdict => [
  'llm.unavailable',
  status === undefined
    ? 'The model’s provider reported an error in the middle of its answer.'
    : `The model’s provider answered with HTTP ${status}.`,
]

function judgeRejection({ status, param }: ProviderFailure, advice: ProviderAdvice): Verdict {
  if (status === 401 || status === 403) {
    return [
      'llm.rejected',
      `The model’s provider refused the key (HTTP ${status}): check ${advice.keyVariable} and what it may use.`,
    ]
  }
  if (status === 404) {
    return ['llm.rejected', `The model’s provider knows no such model (HTTP 404): ${advice.unknownModel}.`]
  }
  const about = param === undefined ? '' : `, about the parameter ${param}`
  return [
    'llm.rejected',
    `The model’s provider rejected the request (${status === undefined ? 'in its answer' : `HTTP ${status}`}${about}).`,
  ]
}

function judge(failure: ProviderFailure, advice: ProviderAdvice): Verdict {
  const { status, code, message } = failure
  const shouldRetry = readShouldRetry(failure.headers)
  if (status === 413 || (status !== 429 && (status ?? 400) < 500 && contextExceeded.test(`${code} ${message}`))) {
    return [
      'llm.context_exceeded',
      'The conversation is longer than the model’s context: shorten the message, or choose a model with a larger context.',
    ]
  }
  const isRateLimit = status === 429 || (status === undefined && rateLimited.test(code))
  if (status === 402 || ((status ?? 400) < 500 && quotaUsedUp.test(`${code} ${message}`))) {
    return ['llm.rejected', `The account’s quota at the model’s provider is used up (HTTP ${status ?? 429}).`]
  }
  if (isRateLimit) {
    return shouldRetry === false
      ? ['llm.rejected', 'The account’s quota at the model’s provider is used up (HTTP 429).']
      : ['llm.rate_limited', 'The model’s provider limits the rate of requests (HTTP 429).']
  }
  if (status === undefined) return rejected.test(code) ? judgeRejection(failure, advice) : retryable(status)
  const transient = status === 408 || status === 409 || status >= 500 || status < 400
  if (shouldRetry ?? transient) return retryable(status)
  return transient
    ? ['llm.rejected', `The model’s provider failed with HTTP ${status}, and says that trying again won’t help.`]
    : judgeRejection(failure, advice)
}

/** The AppError `llm.*` for what the provider reported, with `retryAfterMs` where it named a time. */
export function toProviderError(failure: ProviderFailure, advice: ProviderAdvice): AppError {
  const [code, detail] = judge(failure, advice)
  const requestId = readRequestId(failure.headers)
  const retryAfterMs = failure.headers === undefined ? undefined : readRetryAfter(failure.headers, Date.now())
  return new AppError(code, {
    detail: requestId === undefined ? detail : `${detail} Its request id: ${requestId}.`,
    ...(retryAfterMs === undefined ? {} : { retryAfterMs }),
  })
}

export const unreadableAnswer = (): AppError =>
  new AppError('llm.unavailable', { detail: 'The model’s provider sent what can’t be read.' })

export const cutOffAnswer = (): AppError =>
  new AppError('llm.unavailable', { detail: 'The model’s provider ended its answer before it was finished.' })

export const unreachableProvider = (): AppError =>
  new AppError('llm.unavailable', { detail: 'The model’s provider can’t be reached, or cut the connection.' })
