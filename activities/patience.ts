// How long the steps of a workflow go on trying. A step has no small bound on its attempts, because restarts of the
// platform and outages of its services use them up; so failures that are the work's own are bounded here.
import { Context } from '@temporalio/activity'
import { z } from 'zod'
import { isDatabaseUnavailable } from '../db/is-database-unavailable.ts'
import { AppError } from '../domain/errors.ts'

/** About 15 s of back-off in all, or what the provider's Retry-After asks for. */
const providerAttempts = 5
const longestWaitMs = 60_000
/** A fault that nobody has named comes again as a rule, but it may also be one of a moment. */
const faultAttempts = 10

/** A parser that crashes on a document twice will do so again. */
const crashes = 2

/** The same failure, but final. */
class FinalError extends AppError {
  override get retryable(): boolean {
    return false
  }
}

export interface Patience {
  /** How often the work itself has failed, this time included; killed workers and outages don't count. */
  readonly failures: number
  /** Since its first failure. */
  readonly elapsedMs: number
  /** How long a provider may fail before that is final, beyond the first attempts: none where somebody waits at a screen. */
  readonly providerMs: number
}

function withProviderPatience(error: AppError, { failures, elapsedMs, providerMs }: Patience): AppError {
  const detail = error.detail === undefined ? {} : { detail: error.detail }
  const leftMs = Math.max(0, providerMs - elapsedMs)
  const retryAfterMs = error.retryAfterMs ?? Math.min(1_000 * 2 ** (failures - 1), longestWaitMs)
  const isFinal = retryAfterMs > Math.max(longestWaitMs, leftMs) || (failures >= providerAttempts && leftMs === 0)
  if (isFinal) return new FinalError(error.code, { ...detail, cause: error })
  return new AppError(error.code, { ...detail, retryAfterMs, cause: error })
}

/**
 * The error to fail the activity with. A provider's failure gets a wait for the next attempt, or is final, as an
 * unnamed fault is after a while. Outages of the platform's own services never come here: they last as long as they last.
 */
export function withPatience(error: unknown, patience: Patience): unknown {
  if (error instanceof AppError && error.code.startsWith('llm.') && error.retryable)
    return withProviderPatience(error, patience)
  if (error instanceof AppError && error.code === 'document.parser_crashed' && patience.failures >= crashes) {
    const detail = 'The parser crashed on it twice. Save it anew from its program, and upload that.'
    return new AppError('document.broken', { detail, cause: error })
  }
  const isUnnamed = !(error instanceof AppError) || error.code === 'internal'
  if (!isUnnamed || patience.failures < faultAttempts) return error
  const detail = error instanceof AppError && error.detail !== undefined ? { detail: error.detail } : {}
  return new FinalError('internal', { ...detail, cause: error })
}

const isOutage = (error: unknown): boolean =>
  isDatabaseUnavailable(error) || (error instanceof AppError && error.code === 'service.unavailable')

/** What the heartbeats of an activity carry from one attempt to the next. */
const failuresSchema = z.object({ failures: z.int(), since: z.number() })

/** An activity that tries for so long; what ends it by a cancel passes through. It counts its failures in its heartbeats. */
export const patient =
  <Input, Output>(work: (input: Input) => Promise<Output>, { providerMs }: Pick<Patience, 'providerMs'>) =>
  async (input: Input): Promise<Output> => {
    const activity = Context.current()
    try {
      return await work(input)
    } catch (error) {
      if (activity.cancellationSignal.aborted) throw error
      if (isOutage(error)) throw new AppError('service.unavailable', { cause: error })
      const before = failuresSchema.safeParse(activity.info.heartbeatDetails).data
      const { failures, since } = { failures: (before?.failures ?? 0) + 1, since: before?.since ?? Date.now() }
      activity.heartbeat({ failures, since })
      throw withPatience(error, { failures, elapsedMs: Date.now() - since, providerMs })
    }
  }
