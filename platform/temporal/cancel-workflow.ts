// Asks a workflow to end, for a request that waits for the answer.
import { WorkflowNotFoundError } from '@temporalio/client'
import type { Platform } from '../platform.ts'

/** How long a request waits for Temporal. */
const deadlineMs = 5_000

/** Resolves to false when no such workflow runs. Rejects when Temporal doesn't answer. */
export async function cancelWorkflow({ temporal }: Pick<Platform, 'temporal'>, workflowId: string): Promise<boolean> {
  try {
    const handle = temporal.workflow.getHandle(workflowId)
    await temporal.withDeadline(Date.now() + deadlineMs, () => handle.cancel())
    return true
  } catch (error) {
    if (error instanceof WorkflowNotFoundError) return false
    throw error
  }
}
