// How a run ends, whatever ended it: its row, an event of the audit log, and word to whoever asked. One place, so that no
// ending forgets one of them.
import { appendAuditEvent } from '../../db/audit/events.ts'
import type { Db } from '../../db/database.ts'
import { createNotifications } from '../../db/notifications/notifications.ts'
import { type StatusChange, moveExecution } from '../../db/tools/executions.ts'
import { toolFailedNotification } from '../../domain/notifications/approval-notifications.ts'
import type { Told } from '../../platform/tools/announce-run.ts'
import { workflowOf } from '../workflow-of.ts'

/** Denials and expiries are told of by their approvals. */
const actions = { succeeded: 'tool.complete', failed: 'tool.fail', cancelled: 'tool.cancel' } as const

const isTold = (status: string): status is keyof typeof actions => status in actions

/** No effect on a run in another status than those to come from. Call it last in the transaction. */
export async function endRun(tx: Db, executionId: string, change: StatusChange): Promise<Told> {
  const execution = await moveExecution(tx, executionId, change)
  if (execution === undefined || !isTold(change.to)) return { execution, notified: [] }
  const { problem } = change
  await appendAuditEvent(tx, {
    action: actions[change.to],
    outcome: change.to === 'failed' ? 'failure' : 'success',
    actor: { type: 'system' },
    onBehalfOf: execution.requesterId,
    resource: { type: 'tool', id: execution.toolId, version: execution.toolVersion },
    ...(execution.approvalId !== null && { approvalId: execution.approvalId }),
    ...(problem !== undefined && { reason: problem.code }),
    ...workflowOf(),
    details: { executionId, tool: execution.toolName, cached: execution.cached },
  })
  if (problem === undefined || change.to !== 'failed') return { execution, notified: [] }
  const content = toolFailedNotification(execution, problem)
  return { execution, notified: await createNotifications(tx, { ...content, userIds: [execution.requesterId] }) }
}
