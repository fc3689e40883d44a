// Takes one decision in: who made it, for whom, about what they have read, is checked now, under the approval's lock. What
// the vote settles is settled in the same transaction.
import { appendAuditEvent } from '../../db/audit/events.ts'
import type { Db } from '../../db/database.ts'
import { createNotifications } from '../../db/notifications/notifications.ts'
import { findEdit } from '../../db/tools/approval-tokens.ts'
import { addVote, editArguments } from '../../db/tools/approval-changes.ts'
import { type StoredApproval, lockApproval } from '../../db/tools/approvals.ts'
import { findEligibleApprovers, requireStanding } from '../../db/tools/approvers.ts'
import { getExecutionWork } from '../../db/tools/execution-work.ts'
import { moveExecution, replaceArguments } from '../../db/tools/executions.ts'
import { reflectApprovals } from '../../db/tools/turn-status.ts'
import type { ToolEvent } from '../../domain/chat/turn-event.ts'
import { AppError, toStoredProblem } from '../../domain/errors.ts'
import {
  approvalDecidedNotification,
  approvalRequestedNotification,
} from '../../domain/notifications/approval-notifications.ts'
import type { ApprovalStatus } from '../../domain/tools/approval.ts'
import type { VerifiedStatement } from '../../platform/approval-tokens.ts'
import type { Platform } from '../../platform/platform.ts'
import { workflowOf } from '../workflow-of.ts'
import { type Told, announceRun } from '../../platform/tools/announce-run.ts'
import { requestedEvent } from './ask-for-approval.ts'
import { hashOf } from './call-of.ts'
import { type StatementInput, isDone, requirePending, verifyStatement } from './verified-statement.ts'

type DecidePlatform = Pick<Platform, 'db' | 'bus' | 'log' | 'streams' | 'tools' | 'approvalTokens'>
type Act = Exclude<VerifiedStatement['act'], { act: 'delegate' }>

interface Decided {
  readonly status: ApprovalStatus
  readonly told: Told
  readonly events: readonly ToolEvent[]
}

interface Decision {
  readonly statement: VerifiedStatement
  readonly act: Act
}

/** Other arguments, in place of those asked for; the votes before count no more. Throws `approval.edit_refused`, `tool.arguments_invalid`. */
async function edit(
  { tools }: DecidePlatform,
  tx: Db,
  { stored, userId, editId }: { readonly stored: StoredApproval; readonly userId: string; readonly editId: string },
): Promise<StoredApproval> {
  const { approval, policy } = stored
  if (!approval.allowEdit) throw new AppError('approval.edit_refused')
  const args = await findEdit(tx, { id: editId, approvalId: approval.id, userId })
  if (args === undefined) throw new AppError('approval.token_invalid')
  const work = await getExecutionWork(tx, approval.executionId)
  tools.check(work.tool.inputSchema, args)
  await replaceArguments(tx, approval.executionId, args)
  return editArguments(tx, {
    approvalId: approval.id,
    arguments: args,
    argumentsHash: hashOf({ work, policy }, args),
    preview: tools.preview(work.tool, args),
  })
}

/** The run follows its approval. Undefined while it is pending. */
async function settleRun(tx: Db, { approval }: StoredApproval, reason: string | undefined) {
  if (approval.status === 'approved') {
    return moveExecution(tx, approval.executionId, { from: ['pending_approval'], to: 'approved' })
  }
  if (approval.status !== 'denied') return undefined
  const detail = reason === undefined ? {} : { detail: `The reason given: ${reason}` }
  const problem = toStoredProblem(new AppError('tool.denied', detail))
  return moveExecution(tx, approval.executionId, { from: ['pending_approval'], to: 'denied', problem })
}

/** Whoever asked hears of the end; who may decide hears of other arguments. */
async function notify(tx: Db, { approval, rules }: StoredApproval, isEdited: boolean): Promise<string[]> {
  if (approval.status === 'approved' || approval.status === 'denied') {
    const content = approvalDecidedNotification(approval, approval.status)
    return createNotifications(tx, { ...content, userIds: [approval.requesterId] })
  }
  if (!isEdited) return []
  const userIds = await findEligibleApprovers(tx, rules)
  return createNotifications(tx, { ...approvalRequestedNotification(approval), userIds })
}

function eventsOf(stored: StoredApproval, isEdited: boolean): ToolEvent[] {
  const { id: approvalId, executionId, status } = stored.approval
  if (status === 'pending') return isEdited ? [requestedEvent(stored)] : []
  return [{ type: 'approval.decided', data: { approvalId, executionId, status } }]
}

async function decide(platform: DecidePlatform, tx: Db, { statement, act }: Decision): Promise<Decided> {
  const { approvalId, userId, sessionId, tokenId } = statement
  const before = await lockApproval(tx, approvalId)
  const nothing: Told = { execution: undefined, notified: [] }
  if (await isDone(tx, statement)) return { status: before.approval.status, told: nothing, events: [] }
  requirePending(before)
  const { standsFor } = await requireStanding(tx, before.rules, userId)
  if (act.argumentsHash !== before.approval.argumentsHash) throw new AppError('approval.arguments_changed')
  const editId = act.act === 'approve' ? act.editId : undefined
  const voted = editId === undefined ? before : await edit(platform, tx, { stored: before, userId, editId })
  const { revision, argumentsHash } = voted.approval
  const { act: decision, reason = null } = act
  const vote = { approvalId, userId, standsFor, decision, reason, revision, argumentsHash, tokenId }
  const after = await addVote(tx, vote)
  const { status, executionId, requesterId } = after.approval
  const execution = await settleRun(tx, after, act.reason)
  await reflectApprovals(tx, execution?.turnId ?? null)
  await appendAuditEvent(tx, {
    action: 'approval.decide',
    outcome: 'success',
    actor: { type: 'user', id: userId, sessionId },
    onBehalfOf: requesterId,
    resource: { type: 'approval', id: approvalId },
    approvalId,
    requestId: statement.requestId,
    ...workflowOf(),
    details: {
      decision,
      status,
      executionId,
      argumentsHash,
      isEdit: editId !== undefined,
      ...(standsFor && { standsFor }),
    },
  })
  const notified = await notify(tx, after, editId !== undefined)
  return { status, told: { execution, notified }, events: eventsOf(after, editId !== undefined) }
}

/**
 * Resolves to how the approval stands then. Throws `approval.token_invalid`, `approval.own_request`,
 * `approval.not_eligible`, `approval.already_decided`, `approval.arguments_changed`, `approval.edit_refused`.
 */
export const createDecideApproval =
  (platform: DecidePlatform) =>
  async (input: StatementInput): Promise<{ readonly status: ApprovalStatus }> => {
    const statement = await verifyStatement(platform, input)
    const { act } = statement
    if (act.act === 'delegate') throw new AppError('approval.token_invalid')
    const { status, told, events } = await platform.db.transaction((tx) => decide(platform, tx, { statement, act }))
    await announceRun(platform, told, events)
    return { status }
  }
