// Makes the approval that a run waits for, or opens it anew where what was approved isn't what would run now.
import type { Db } from '../../db/database.ts'
import { newId } from '../../db/ids.ts'
import { createNotifications } from '../../db/notifications/notifications.ts'
import { createApproval, reopenApproval } from '../../db/tools/approval-changes.ts'
import type { StoredApproval } from '../../db/tools/approvals.ts'
import { findEligibleApprovers } from '../../db/tools/approvers.ts'
import { moveExecution } from '../../db/tools/executions.ts'
import { recordApproval } from '../../db/tools/record-approval.ts'
import { reflectApprovals } from '../../db/tools/turn-status.ts'
import type { ToolEvent } from '../../domain/chat/turn-event.ts'
import { AppError } from '../../domain/errors.ts'
import { approvalRequestedNotification } from '../../domain/notifications/approval-notifications.ts'
import type { ToolContracts } from '../../platform/tools/tool-contracts.ts'
import { workflowOf } from '../workflow-of.ts'
import { type ToolCall, hashOf } from './call-of.ts'
import type { Told } from '../../platform/tools/announce-run.ts'

export interface Asked {
  readonly stored: StoredApproval
  readonly told: Told
  readonly events: readonly ToolEvent[]
}

export const requestedEvent = ({ approval }: StoredApproval): ToolEvent => ({
  type: 'approval.requested',
  data: {
    approvalId: approval.id,
    executionId: approval.executionId,
    tool: approval.toolName,
    arguments: approval.arguments,
    expiresAt: approval.expiresAt,
  },
})

async function tell(tx: Db, { work }: ToolCall, asked: StoredApproval, action: 'approval.request' | 'approval.reopen') {
  const { approval, rules } = asked
  await reflectApprovals(tx, work.turnId)
  await recordApproval(tx, action, {
    approvalId: approval.id,
    executionId: approval.executionId,
    requesterId: work.requesterId,
    ...workflowOf(),
    details: { tool: work.tool.name, toolVersion: work.tool.version, argumentsHash: approval.argumentsHash },
  })
  const userIds = await findEligibleApprovers(tx, rules)
  return createNotifications(tx, { ...approvalRequestedNotification(approval), userIds })
}

/** Asked again, it is the approval that there is. Call it last in the transaction. */
export async function askForApproval(tools: ToolContracts, tx: Db, call: ToolCall): Promise<Asked> {
  const { work, policy } = call
  const { stored, made } = await createApproval(tx, {
    id: newId(),
    executionId: work.executionId,
    requesterId: work.requesterId,
    toolName: work.tool.name,
    policy,
    arguments: work.arguments,
    argumentsHash: hashOf(call, work.arguments),
    preview: tools.preview(work.tool, work.arguments),
  })
  if (!made) return { stored, told: { execution: undefined, notified: [] }, events: [] }
  const waiting = { from: ['queued'], to: 'pending_approval', approvalId: stored.approval.id } as const
  const execution = await moveExecution(tx, work.executionId, waiting)
  const notified = await tell(tx, call, stored, 'approval.request')
  return { stored, told: { execution, notified }, events: [requestedEvent(stored)] }
}

/** The run waits again, under the rules of today. Call it last in the transaction. */
export async function askAgain(tools: ToolContracts, tx: Db, call: ToolCall): Promise<Asked> {
  const { work, policy } = call
  if (work.approvalId === null) throw new AppError('internal', { detail: 'The run has no approval to open anew.' })
  const stored = await reopenApproval(tx, work.approvalId, {
    policy,
    arguments: work.arguments,
    argumentsHash: hashOf(call, work.arguments),
    preview: tools.preview(work.tool, work.arguments),
  })
  const execution = await moveExecution(tx, work.executionId, { from: ['approved'], to: 'pending_approval' })
  const notified = await tell(tx, call, stored, 'approval.reopen')
  return { stored, told: { execution, notified }, events: [requestedEvent(stored)] }
}
