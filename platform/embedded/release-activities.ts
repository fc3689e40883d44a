// Tells the Temporal server that a worker is dead as soon as its process has ended. Left alone the server notices only
// when a heartbeat is overdue (5 s) or a sticky queue goes unread; told, the work goes on elsewhere within a second.
import {
  ActivityNotFoundError,
  ApplicationFailure,
  type Client,
  isGrpcServiceError,
  WorkflowNotFoundError,
} from '@temporalio/client'

export interface ReleasedActivities {
  /** Activities that had run on the dead worker and are retried now, or cancelled if that was asked for. */
  readonly released: number
  /** Running workflows that were looked at. */
  readonly workflows: number
}

/** Values of temporal.api.enums.v1.PendingActivityState, which the client doesn't export. */
const started = 2
const cancelRequested = 3
/** google.rpc.Code.NOT_FOUND */
const notFound = 5
const atOnce = 16

interface RunningWorkflow {
  readonly workflowId: string
  readonly runId: string
}

/** What has ended in the meantime needs nothing. */
function ignoreEnded(error: unknown): void {
  if (error instanceof ActivityNotFoundError || error instanceof WorkflowNotFoundError) return
  if (isGrpcServiceError(error) && (error.code as number) === notFound) return
  throw error
}

async function releaseOne(client: Client, workflow: RunningWorkflow, deadIdentity: string): Promise<number> {
  const { raw } = await client.workflow.getHandle(workflow.workflowId, workflow.runId).describe()
  const orphans = (raw.pendingActivities ?? []).filter(
    ({ state, lastWorkerIdentity }) =>
      lastWorkerIdentity === deadIdentity && [started, cancelRequested].includes(Number(state)),
  )
  for (const { activityId, state } of orphans) {
    const id = { ...workflow, activityId: activityId ?? '' }
    const told =
      Number(state) === cancelRequested
        ? client.activity.reportCancellation(id)
        : client.activity.fail(id, ApplicationFailure.retryable('The worker process died.', 'worker.died'))
    await told.catch(ignoreEnded)
  }
  await client.workflowService.resetStickyTaskQueue({
    namespace: client.options.namespace,
    execution: workflow,
  })
  return orphans.length
}

/**
 * Fails, retryably, every started activity whose last worker has `deadIdentity` (`pid@host`), and lets any worker take
 * the next decision of each running workflow. Throws the client's ServiceError when the server can't be reached.
 */
export async function releaseActivities(options: {
  readonly client: Client
  readonly deadIdentity: string
}): Promise<ReleasedActivities> {
  const { client, deadIdentity } = options
  const running: RunningWorkflow[] = []
  for await (const { workflowId, runId } of client.workflow.list({ query: `ExecutionStatus = 'Running'` })) {
    running.push({ workflowId, runId })
  }
  let released = 0
  const pending = running.values()
  const lane = async (): Promise<void> => {
    for (const workflow of pending) {
      released += await releaseOne(client, workflow, deadIdentity).catch((error: unknown) => {
        ignoreEnded(error)
        return 0
      })
    }
  }
  await Promise.all(Array.from({ length: atOnce }, lane))
  return { released, workflows: running.length }
}
