// Starts workflows by their business key, so that a repeated start is harmless: the one place that does.
import {
  WorkflowExecutionAlreadyStartedError,
  WorkflowIdConflictPolicy,
  WorkflowIdReusePolicy,
} from '@temporalio/client'
import { taskQueue } from '../../domain/task-queues.ts'
import type { WorkflowStart } from '../../domain/workflow-start.ts'
import type { Platform } from '../platform.ts'

type StartPlatform = Pick<Platform, 'temporal' | 'config' | 'log'>

/** Resolves to true when the workflow runs now, or ran already; to false when it has ended and may not run again. */
export async function startWorkflow({ temporal, config }: StartPlatform, start: WorkflowStart): Promise<boolean> {
  try {
    await temporal.workflow.start(start.type, {
      workflowId: start.workflowId,
      taskQueue: taskQueue(config.temporal.queuePrefix, start.queue),
      args: [start.input],
      workflowIdConflictPolicy: WorkflowIdConflictPolicy.USE_EXISTING,
      workflowIdReusePolicy: start.again
        ? WorkflowIdReusePolicy.ALLOW_DUPLICATE
        : WorkflowIdReusePolicy.REJECT_DUPLICATE,
      workflowTaskTimeout: '3s',
      staticSummary: start.summary,
      priority: { fairnessKey: start.userId },
    })
    return true
  } catch (error) {
    if (!(error instanceof WorkflowExecutionAlreadyStartedError)) throw error
    return false
  }
}

/** How long a request waits for Temporal before it leaves the start to the sweep. */
const startDeadlineMs = 3_000

/**
 * Starts a workflow whose row is committed already. When Temporal doesn't answer, the row stays queued and the worker's
 * sweep starts it later: the caller's request has succeeded all the same.
 */
export async function startCommitted(platform: StartPlatform, start: WorkflowStart): Promise<void> {
  try {
    await platform.temporal.withDeadline(Date.now() + startDeadlineMs, () => startWorkflow(platform, start))
  } catch (error) {
    platform.log.warn(
      { err: error, workflowId: start.workflowId },
      'a workflow wasn’t started; the sweep will start it',
    )
  }
}
