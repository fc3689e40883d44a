// One call to a provider, bounded: the caller's signal ends it at once, and so does a provider that falls silent.
// Waiting is timed, not reading: a slow reader of the answer never counts as the provider's silence.
import { AppError } from '../../domain/errors.ts'

export const defaultStallTimeoutMs = 60_000
/** Under the 300 s after which Node's `fetch` gives up by itself, and would say that the connection was cut. */
const longestSilenceMs = 290_000
const slowBeginFactor = 4

/** How long a provider may be silent before its first word, when it thinks first or loads its model. */
export const beginTimeout = (stallTimeoutMs: number): number =>
  Math.min(stallTimeoutMs * slowBeginFactor, longestSilenceMs)

export interface RequestGuard {
  /** For the request itself: aborts with the caller's signal, on a stall, and on release. */
  readonly signal: AbortSignal
  /**
   * Waits for the provider's next sign of life. Throws the caller's reason once its signal is aborted, AppError
   * `llm.unavailable` when nothing came in time, else what `toError` makes of the failure.
   */
  wait<T>(step: Promise<T>, timeoutMs?: number): Promise<T>
  /** Ends the request if it still runs. Call it on every path. */
  release(): void
}

export interface GuardOptions {
  readonly signal: AbortSignal
  /** How long the provider may be silent. */
  readonly stallTimeoutMs: number
  readonly toError: (error: unknown) => AppError
}

/** Throws the signal's reason when it is aborted already. */
export function guardRequest({ signal, stallTimeoutMs, toError }: GuardOptions): RequestGuard {
  signal.throwIfAborted()
  const controller = new AbortController()
  const abort = () => controller.abort(signal.reason)
  signal.addEventListener('abort', abort, { once: true })
  let stalled: AppError | undefined
  const stall = (timeoutMs: number) => {
    stalled = new AppError('llm.unavailable', {
      detail: `The model’s provider sent nothing for ${Math.round(timeoutMs / 1_000)} s.`,
    })
    controller.abort(stalled)
  }
  return {
    signal: controller.signal,
    wait: async (step, timeoutMs = stallTimeoutMs) => {
      const timer = setTimeout(stall, timeoutMs, timeoutMs)
      const [result] = await Promise.allSettled([step])
      clearTimeout(timer)
      signal.throwIfAborted()
      if (stalled !== undefined) throw stalled
      if (result.status === 'rejected') throw toError(result.reason)
      return result.value
    },
    release: () => {
      signal.removeEventListener('abort', abort)
      controller.abort()
    },
  }
}
