// Starts workflows by their business key, so that a repeated start is harmless: the one place that does.
import {
  WorkflowExecutionAlreadyStartedError,
  WorkflowIdConflictPolicy,
  WorkflowIdReusePolicy,
} from '@temporalio/client'
import { taskQueue } from '../../domain/task-queues.ts'
import type { WorkflowStart } from '../../domain/workflow-start.ts'
import type { Platform } from '../platform.ts'

/** What starts workflows on behalf of requests. */
export type WorkflowStarter = Pick<Platform, 'temporal' | 'eagerStarts' | 'config' | 'log'>

/** Resolves to true when the workflow runs now, or ran already; to false when it has ended and may not run again. */
export async function startWorkflow(
  { temporal, config }: Pick<Platform, 'temporal' | 'config'>,
  start: WorkflowStart,
  { isEager = false }: { readonly isEager?: boolean } = {},
): Promise<boolean> {
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
      requestEagerStart: isEager,
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
export async function startCommitted(platform: WorkflowStarter, start: WorkflowStart): Promise<void> {
  const eager = platform.eagerStarts.clientFor(start.queue)
  const temporal = eager ?? platform.temporal
  try {
    await temporal.withDeadline(Date.now() + startDeadlineMs, () =>
      startWorkflow({ temporal, config: platform.config }, start, { isEager: eager !== undefined }),
    )
  } catch (error) {
    platform.log.warn(
      { err: error, workflowId: start.workflowId },
      'a workflow wasn’t started; the sweep will start it',
    )
  }
}
