// Cancels a run, whether it waits for an approval or runs. What it has done outside by then stays done.
import { getExecution } from '../../db/tools/executions.ts'
import { cancelExecution as cancelRow } from '../../db/tools/unended-executions.ts'
import { AppError } from '../../domain/errors.ts'
import { type ToolExecution, hasEnded } from '../../domain/tools/execution.ts'
import { toolCallWorkflowId } from '../../domain/tools/workflow-id.ts'
import type { Context } from '../../platform/platform.ts'
import { cancelWorkflow } from '../../platform/temporal/cancel-workflow.ts'
import { announceRun } from '../../platform/tools/announce-run.ts'
import { audited } from '../audit/audited.ts'

/** Throws `tool_execution.ended` once it is over. Resolves before the run has ended: its events say when. */
export async function cancelExecution(context: Context, executionId: string): Promise<ToolExecution> {
  const { db, actor } = context
  const access = { executionId, userId: actor.userId }
  const { status, toolId, toolName } = await getExecution(db, access)
  if (hasEnded(status))
    throw new AppError('tool_execution.ended', { detail: `It is ${status}: there is nothing left to cancel.` })
  // The request is told before anything is stopped: what the work then does to the row comes later, if at all.
  await audited(
    context,
    async () => {},
    () => ({
      action: 'tool.cancel',
      resource: { type: 'tool_execution', id: executionId },
      details: { tool: toolName, toolId },
    }),
  )
  if (!(await cancelWorkflow(context, toolCallWorkflowId(executionId)))) await cancelUndriven(context, executionId)
  return getExecution(db, access)
}

/** The row alone says that it is cancelled, and a later start finds nothing to do. */
async function cancelUndriven(context: Context, executionId: string): Promise<void> {
  const execution = await context.db.transaction((tx) => cancelRow(tx, executionId))
  await announceRun(context, { execution, notified: [] })
}
