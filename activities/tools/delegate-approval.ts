// Has somebody stand in for an approver, who could decide themselves at this moment.
import { appendAuditEvent } from '../../db/audit/events.ts'
import type { Db } from '../../db/database.ts'
import { createNotifications } from '../../db/notifications/notifications.ts'
import { addDelegation } from '../../db/tools/approval-changes.ts'
import { lockApproval } from '../../db/tools/approvals.ts'
import { requireDelegate, requireStanding } from '../../db/tools/approvers.ts'
import { AppError } from '../../domain/errors.ts'
import { approvalDelegatedNotification } from '../../domain/notifications/approval-notifications.ts'
import type { ApprovalStatus } from '../../domain/tools/approval.ts'
import type { VerifiedStatement } from '../../platform/approval-tokens.ts'
import type { Platform } from '../../platform/platform.ts'
import { announceNotifications } from '../../platform/notifications/announce-notifications.ts'
import { workflowOf } from '../workflow-of.ts'
import { type StatementInput, isDone, requirePending, verifyStatement } from './verified-statement.ts'

interface Delegated {
  readonly status: ApprovalStatus
  readonly notified: readonly string[]
}

async function delegate(tx: Db, statement: VerifiedStatement): Promise<Delegated> {
  const { approvalId, userId, sessionId, tokenId, act } = statement
  if (act.act !== 'delegate') throw new AppError('approval.token_invalid')
  const before = await lockApproval(tx, approvalId)
  if (await isDone(tx, statement)) return { status: before.approval.status, notified: [] }
  requirePending(before)
  const { standsFor } = await requireStanding(tx, before.rules, userId)
  // Who stands in for somebody passes nothing on: it would be nobody's decision any more.
  if (standsFor !== null) throw new AppError('approval.not_eligible', { detail: 'Who stands in can’t delegate.' })
  await requireDelegate(tx, before.rules, { fromUserId: userId, toUserId: act.to })
  const { approval } = await addDelegation(tx, { approvalId, fromUserId: userId, toUserId: act.to, tokenId })
  await appendAuditEvent(tx, {
    action: 'approval.delegate',
    outcome: 'success',
    actor: { type: 'user', id: userId, sessionId },
    onBehalfOf: approval.requesterId,
    resource: { type: 'approval', id: approvalId },
    approvalId,
    requestId: statement.requestId,
    ...workflowOf(),
    details: { executionId: approval.executionId, to: act.to },
  })
  const content = approvalDelegatedNotification(approval, tokenId)
  return { status: approval.status, notified: await createNotifications(tx, { ...content, userIds: [act.to] }) }
}

/** Throws `approval.token_invalid`, `approval.own_request`, `approval.not_eligible`, `approval.already_decided`. */
export const createDelegateApproval =
  (platform: Pick<Platform, 'db' | 'bus' | 'log' | 'approvalTokens'>) =>
  async (input: StatementInput): Promise<{ readonly status: ApprovalStatus }> => {
    const statement = await verifyStatement(platform, input)
    const { status, notified } = await platform.db.transaction((tx) => delegate(tx, statement))
    await announceNotifications(platform, notified)
    return { status }
  }
