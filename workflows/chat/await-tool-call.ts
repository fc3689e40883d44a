// Waits for the end of one tool call of a turn: as a child, or, where somebody else has started it (the sweep, after an
// outage), by asking for its row.
import { WorkflowExecutionAlreadyStartedError } from '@temporalio/common'
import {
  CancellationScope,
  ChildWorkflowCancellationType,
  ParentClosePolicy,
  WorkflowIdReusePolicy,
  executeChild,
  getExternalWorkflowHandle,
  isCancellation,
  proxyActivities,
  sleep,
  workflowInfo,
} from '@temporalio/workflow'
import type { Activities } from '../../activities/index.ts'
import { siblingQueue } from '../../domain/task-queues.ts'
import { type ToolCallInput, toolCallStart } from '../tools/messages.ts'

const { findUnendedExecutions } = proxyActivities<Activities>({
  startToCloseTimeout: '30 seconds',
  scheduleToCloseTimeout: '1 day',
})

const firstPauseMs = 1_000
/** Each pause is a tenth longer than the one before: a wait of weeks takes some hundred looks, and is noticed late by a tenth. */
const growth = 1.1
const longestPauseMs = 3_600_000

async function awaitForeignCall(executionId: string, workflowId: string): Promise<void> {
  try {
    for (let pauseMs = firstPauseMs; ; pauseMs = Math.min(pauseMs * growth, longestPauseMs)) {
      const unended = await findUnendedExecutions({ executionIds: [executionId] })
      if (unended.length === 0) return
      await sleep(Math.round(pauseMs))
    }
  } catch (error) {
    if (isCancellation(error)) {
      // Not a child, so that the server doesn't pass the cancel on. It may have ended just now.
      await CancellationScope.nonCancellable(() =>
        getExternalWorkflowHandle(workflowId)
          .cancel()
          .catch(() => undefined),
      )
    }
    throw error
  }
}

/** Rejects when the call was cancelled, and when its workflow was ended from outside. */
export async function awaitToolCall(input: ToolCallInput): Promise<void> {
  // Whose work it is, the server knows from the turn: a child has its parent's fairness key.
  const { type, workflowId, queue, summary } = toolCallStart(input, '')
  try {
    await executeChild(type, {
      workflowId,
      taskQueue: siblingQueue(workflowInfo().taskQueue, queue),
      args: [input],
      cancellationType: ChildWorkflowCancellationType.WAIT_CANCELLATION_COMPLETED,
      parentClosePolicy: ParentClosePolicy.REQUEST_CANCEL,
      workflowIdReusePolicy: WorkflowIdReusePolicy.REJECT_DUPLICATE,
      workflowTaskTimeout: '3s',
      staticSummary: summary,
    })
  } catch (error) {
    if (!(error instanceof WorkflowExecutionAlreadyStartedError)) throw error
    await awaitForeignCall(input.executionId, workflowId)
  }
}
