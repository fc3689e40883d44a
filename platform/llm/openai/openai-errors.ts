// Reads the official SDK's errors into what every driver's failures are judged by.
// The SDK's own error isn't kept: its message isn't ours to show.
import { AppError } from '../../../domain/errors.ts'
import { type ProviderAdvice, toProviderError, unreachableProvider, unreadableAnswer } from '../provider-errors.ts'

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

const advice: ProviderAdvice = {
  keyVariable: 'OPENAI_API_KEY',
  unknownModel: 'check the model’s name and OPENAI_BASE_URL',
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

/** The AppError `llm.*` for anything that the SDK threw. */
export function toOpenAiError(error: unknown): AppError {
  if (error instanceof AppError) return error
  if (error instanceof SyntaxError) return unreadableAnswer()
  const failed = (error ?? {}) as SdkFailure
  if (failed.status === undefined && failed.error === undefined) return unreachableProvider()
  const code = String(failed.code ?? failed.type ?? '')
  const failure = {
    status: failed.status ?? (/^[45]\d\d$/.test(code) ? Number(code) : undefined),
    code,
    message: failed.message ?? '',
    param: ourParameters.find((name) => name === failed.param),
    headers: failed.headers,
  }
  return toProviderError(failure, advice)
}
