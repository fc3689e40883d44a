// Hears of a model step's end from three sides: the user's cancel over the bus (fast), the same by the workflow (sure,
// with a heartbeat's answer), and the worker's own shutdown or a lost heartbeat.
import { Context } from '@temporalio/activity'
import type { Platform } from '../../platform/platform.ts'
import { turnCancelChannel } from '../../platform/stream/bus.ts'

export interface StopListener extends AsyncDisposable {
  readonly signal: AbortSignal
  /** A user's cancel keeps the partial answer; any other abort leaves the step to its next attempt. */
  isUserCancel(): boolean
}

export async function listenForCancel(
  { bus, log }: Pick<Platform, 'bus' | 'log'>,
  turnId: string,
): Promise<StopListener> {
  const activity = Context.current()
  const overBus = new AbortController()
  const unsubscribe = await bus
    .subscribe(turnCancelChannel(turnId), () => overBus.abort())
    .catch((error: unknown) => {
      log.warn({ err: error, turnId }, 'a cancel of this turn will come by heartbeat only')
      return async () => {}
    })
  return {
    signal: AbortSignal.any([activity.cancellationSignal, overBus.signal]),
    isUserCancel: () => overBus.signal.aborted || activity.cancellationDetails?.cancelRequested === true,
    [Symbol.asyncDispose]: async () => {
      await unsubscribe().catch(() => {})
    },
  }
}

/** Why a step has to stop without an end of its own; undefined as long as it may go on, or shall end by the user's cancel. */
export const stopReasonOf = (stop: Pick<StopListener, 'signal' | 'isUserCancel'>): Error | undefined =>
  stop.signal.aborted && !stop.isUserCancel() ? (stop.signal.reason as Error) : undefined
