// Which workflow an activity works for, as records name it; none where the sweep does an activity's work itself.
import { asyncLocalStorage } from '@temporalio/activity'

export function workflowOf(): { readonly workflowId?: string; readonly runId?: string } {
  const { workflowId, runId } = asyncLocalStorage.getStore()?.info.workflowExecution ?? {}
  return { ...(workflowId === undefined ? {} : { workflowId }), ...(runId === undefined ? {} : { runId }) }
}
