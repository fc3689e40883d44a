// One time limit over everything that a request does: looking up, connecting, every redirect, the last byte of the answer.
// A peer that sends a byte now and then keeps no timer of a single step waiting, but can't outlast this one.
import { AppError } from '../../domain/errors.ts'
import { connectionFailure } from './refusal.ts'

export interface Deadline {
  /** Aborts with the caller's reason, or AppError `egress.timeout`. */
  readonly signal: AbortSignal
  /** Throws the signal's reason at once, also when `work` itself can't be stopped. */
  wait<T>(work: Promise<T>): Promise<T>
  /** What a failure under this deadline is to the caller: the signal's reason once it is aborted. */
  toError(error: unknown): Error
  /** Call it on every path. */
  end(): void
}

/** Throws the caller's reason when its signal is aborted already. */
export function startDeadline(timeoutMs: number, callerSignal: AbortSignal | undefined): Deadline {
  callerSignal?.throwIfAborted()
  const controller = new AbortController()
  const { signal } = controller
  const abort = (): void => controller.abort(callerSignal?.reason)
  const detail = `The host didn’t answer in full within ${timeoutMs} ms.`
  const timer = setTimeout(() => controller.abort(new AppError('egress.timeout', { detail })), timeoutMs)
  callerSignal?.addEventListener('abort', abort, { once: true })
  return {
    signal,
    wait: async (work) => {
      signal.throwIfAborted()
      let stop: (() => void) | undefined
      const aborted = new Promise<never>((_, reject) => {
        stop = () => reject(signal.reason as Error)
        signal.addEventListener('abort', stop, { once: true })
      })
      try {
        return await Promise.race([work, aborted])
      } finally {
        if (stop !== undefined) signal.removeEventListener('abort', stop)
      }
    },
    toError: (error) => (signal.aborted ? (signal.reason as Error) : connectionFailure(error)),
    end: () => {
      clearTimeout(timer)
      callerSignal?.removeEventListener('abort', abort)
    },
  }
}
