// Reads the official SDK's errors into what every driver's failures are judged by.
// The SDK's own error isn't kept: its message isn't ours to show.
import { AppError } from '../../../domain/errors.ts'
import { type ProviderAdvice, toProviderError, unreachableProvider, unreadableAnswer } from '../provider-errors.ts'

/** What the SDK's APIError has. */
interface SdkFailure {
  readonly status?: number
  readonly headers?: Headers
  /** The body of the answer, or of the error event in the stream. */
  readonly error?: unknown
  /** The body's `error.type`. */
  readonly type?: string | null
  readonly message?: string
}

const advice: ProviderAdvice = {
  keyVariable: 'ANTHROPIC_API_KEY',
  unknownModel: 'check the model’s name and ANTHROPIC_BASE_URL',
}

/** The AppError `llm.*` for anything that the SDK threw. */
export function toAnthropicError(error: unknown): AppError {
  if (error instanceof AppError) return error
  if (error instanceof SyntaxError) return unreadableAnswer()
  const failed = (error ?? {}) as SdkFailure
  if (failed.status === undefined && failed.error === undefined) return unreachableProvider()
  const { status, headers, type, message } = failed
  // An error event comes in an answer of 200 whose headers say nothing about it.
  const said = status === undefined ? undefined : headers
  return toProviderError({ status, headers: said, code: type ?? '', message: message ?? '' }, advice)
}
