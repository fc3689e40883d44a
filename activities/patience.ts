// How long the steps of a workflow go on trying. A step has no small bound on its attempts, because restarts of the
// platform and outages of its services use them up; so failures that are the work's own are bounded here.
import { Context } from '@temporalio/activity'
import { isDatabaseUnavailable } from '../db/is-database-unavailable.ts'
import { AppError } from '../domain/errors.ts'

/** About 15 s of back-off in all, or what the provider's Retry-After asks for. */
const providerAttempts = 5
const longestWaitMs = 60_000
/** A fault that nobody has named comes again as a rule, but it may also be one of a moment. */
const faultAttempts = 10

/** The same failure, but final. */
class FinalError extends AppError {
  override get retryable(): boolean {
    return false
  }
}

export interface Patience {
  /** From 1. */
  readonly attempt: number
  /** Since the step was asked for. */
  readonly elapsedMs: number
  /** How long a provider may fail before that is final, beyond the first attempts: none where somebody waits at a screen. */
  readonly providerMs: number
}

function withProviderPatience(error: AppError, { attempt, elapsedMs, providerMs }: Patience): AppError {
  const detail = error.detail === undefined ? {} : { detail: error.detail }
  const leftMs = Math.max(0, providerMs - elapsedMs)
  const retryAfterMs = error.retryAfterMs ?? Math.min(1_000 * 2 ** (attempt - 1), longestWaitMs)
  const isFinal = retryAfterMs > Math.max(longestWaitMs, leftMs) || (attempt >= providerAttempts && leftMs === 0)
  if (isFinal) return new FinalError(error.code, { ...detail, cause: error })
  return new AppError(error.code, { ...detail, retryAfterMs, cause: error })
}

/**
 * The error to fail the activity with. A provider's failure gets a wait for the next attempt, or is final, as an
 * unnamed fault is after a while; an outage of the database is named, and lasts as long as it lasts.
 */
export function withPatience(error: unknown, patience: Patience): unknown {
  if (isDatabaseUnavailable(error)) return new AppError('service.unavailable', { cause: error })
  if (error instanceof AppError && error.code.startsWith('llm.') && error.retryable)
    return withProviderPatience(error, patience)
  const isUnnamed = !(error instanceof AppError) || error.code === 'internal'
  if (!isUnnamed || patience.attempt < faultAttempts) return error
  const detail = error instanceof AppError && error.detail !== undefined ? { detail: error.detail } : {}
  return new FinalError('internal', { ...detail, cause: error })
}

/** An activity that tries for so long; what ends it by a cancel passes through. */
export const patient =
  <Input, Output>(work: (input: Input) => Promise<Output>, { providerMs }: Pick<Patience, 'providerMs'>) =>
  async (input: Input): Promise<Output> => {
    const { cancellationSignal, info } = Context.current()
    try {
      return await work(input)
    } catch (error) {
      if (cancellationSignal.aborted) throw error
      const elapsedMs = Date.now() - info.scheduledTimestampMs
      throw withPatience(error, { attempt: info.attempt, elapsedMs, providerMs })
    }
  }
