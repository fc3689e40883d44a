// Keeps a model step's heartbeat, and hears of its end from three sides: the user's cancel over the bus (fast), the
// same by the workflow (sure), and the worker's own shutdown or a lost heartbeat.
import { Context } from '@temporalio/activity'
import type { Platform } from '../../platform/platform.ts'
import { turnCancelChannel } from '../../platform/stream/bus.ts'

export interface StopListener extends AsyncDisposable {
  readonly signal: AbortSignal
  /** A user's cancel keeps the partial answer; any other abort leaves the step to its next attempt. */
  isUserCancel(): boolean
}

/** How often the server hears that the step lives: well under the heartbeat timeout of 5 s. */
const heartbeatMs = 1_000

export async function listenForCancel(
  { bus, log }: Pick<Platform, 'bus' | 'log'>,
  turnId: string,
): Promise<StopListener> {
  const activity = Context.current()
  const overBus = new AbortController()
  const beat = setInterval(() => activity.heartbeat(), heartbeatMs)
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
      clearInterval(beat)
      await unsubscribe().catch(() => {})
    },
  }
}
