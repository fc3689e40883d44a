// A chat turn: one model step, which retrieves, streams and stores its answer itself, because every task before the
// first token costs the user a round trip. The workflow makes sure that the turn ends, whatever dies on the way.
import { ActivityCancellationType, CancellationScope, isCancellation, proxyActivities } from '@temporalio/workflow'
import type { Activities } from '../../activities/index.ts'
import { problemOf } from '../failure.ts'
import type { ChatTurnInput } from './messages.ts'

const { endTurn } = proxyActivities<Activities>({ startToCloseTimeout: '30 seconds', scheduleToCloseTimeout: '1 day' })

/** The heartbeat bounds how long a killed worker stays unnoticed; restarts must not use up a count of attempts. */
const stepActivities = (timeoutMs: number) =>
  proxyActivities<Activities>({
    scheduleToCloseTimeout: timeoutMs,
    heartbeatTimeout: '5 seconds',
    cancellationType: ActivityCancellationType.WAIT_CANCELLATION_COMPLETED,
    retry: { initialInterval: '100 milliseconds', maximumInterval: '10 seconds' },
  })

export async function chatTurn({ turnId, stepTimeoutMs }: ChatTurnInput): Promise<void> {
  try {
    await stepActivities(stepTimeoutMs).modelStep({ turnId, step: 1 })
  } catch (error) {
    const ending = isCancellation(error)
      ? ({ status: 'cancelled' } as const)
      : ({ status: 'failed', problem: problemOf(error, 'llm.unavailable') } as const)
    await CancellationScope.nonCancellable(() => endTurn({ turnId, ...ending }))
    throw error
  }
}
