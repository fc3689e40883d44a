// Which workflow an activity works for, as records name it.
import { Context } from '@temporalio/activity'

export function workflowOf(): { readonly workflowId?: string; readonly runId?: string } {
  const { workflowId, runId } = Context.current().info.workflowExecution ?? {}
  return { ...(workflowId === undefined ? {} : { workflowId }), ...(runId === undefined ? {} : { runId }) }
}
