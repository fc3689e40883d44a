// A chat turn: a model step, which retrieves, streams and stores its answer itself, because every task before the first
// token costs the user a round trip; then the tools that it called, side by side, and the next step. The workflow makes
// sure that the turn ends, whatever dies on the way.
import {
  ActivityCancellationType,
  CancellationScope,
  CancelledFailure,
  isCancellation,
  proxyActivities,
} from '@temporalio/workflow'
import type { StepResult } from '../../activities/chat/model-step.ts'
import type { Activities } from '../../activities/index.ts'
import { problemOf } from '../failure.ts'
import type { ChatTurnInput } from './messages.ts'
import { awaitToolCall } from './await-tool-call.ts'

const { endTurn } = proxyActivities<Activities>({ startToCloseTimeout: '30 seconds', scheduleToCloseTimeout: '1 day' })

/** The heartbeat bounds how long a killed worker stays unnoticed; restarts must not use up a count of attempts. */
const stepActivities = (timeoutMs: number) =>
  proxyActivities<Activities>({
    scheduleToCloseTimeout: timeoutMs,
    heartbeatTimeout: '5 seconds',
    cancellationType: ActivityCancellationType.WAIT_CANCELLATION_COMPLETED,
    retry: { initialInterval: '100 milliseconds', maximumInterval: '10 seconds' },
  })

/** How a call ended is in its row, and no end of one is the turn's: only the turn's own cancel is. */
async function awaitToolCalls(executionIds: readonly string[], timeoutMs: number): Promise<void> {
  await Promise.allSettled(executionIds.map((executionId) => awaitToolCall({ executionId, timeoutMs })))
  if (CancellationScope.current().consideredCancelled) throw new CancelledFailure('The turn was cancelled')
}

async function answer({ turnId, stepTimeoutMs }: ChatTurnInput): Promise<void> {
  const { modelStep } = stepActivities(stepTimeoutMs)
  for (let step = 1; ; step += 1) {
    // Workers of an earlier release answered nothing: their turns had one step.
    const result = (await modelStep({ turnId, step })) as StepResult | undefined
    if (result === undefined || result.ended) return
    await awaitToolCalls(result.executionIds, result.toolTimeoutMs)
  }
}

export async function chatTurn(input: ChatTurnInput): Promise<void> {
  const { turnId } = input
  try {
    await answer(input)
  } catch (error) {
    const ending = isCancellation(error)
      ? ({ status: 'cancelled' } as const)
      : ({ status: 'failed', problem: problemOf(error, 'llm.unavailable') } as const)
    await CancellationScope.nonCancellable(() => endTurn({ turnId, ...ending }))
    throw error
  }
}
