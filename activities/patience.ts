// How long a turn waits for a model's provider. A step has no small bound on its attempts, because restarts of the
// platform use them up; so the provider's own failures are bounded here.
import { AppError } from '../../domain/errors.ts'

/** About 15 s of back-off in all, or what the provider's Retry-After asks for. */
const maxAttempts = 5
const longestWaitMs = 60_000

/** The same failure, but final. */
class FinalError extends AppError {
  override get retryable(): boolean {
    return false
  }
}

/** The error to fail the activity with: the given one, with a wait for the next attempt, or final. */
export function withPatience(error: unknown, attempt: number): unknown {
  if (!(error instanceof AppError) || !error.code.startsWith('llm.') || !error.retryable) return error
  const detail = error.detail === undefined ? {} : { detail: error.detail }
  const retryAfterMs = error.retryAfterMs ?? 1_000 * 2 ** (attempt - 1)
  if (attempt >= maxAttempts || retryAfterMs > longestWaitMs)
    return new FinalError(error.code, { ...detail, cause: error })
  return new AppError(error.code, { ...detail, retryAfterMs, cause: error })
}
