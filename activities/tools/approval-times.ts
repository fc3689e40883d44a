// What happens to an approval by the clock alone: more roles may decide, those who may are warned, and in the end it is
// denied. Each is asked of the rows, so that a repeat changes nothing.
import type { Db } from '../../db/database.ts'
import { createNotifications } from '../../db/notifications/notifications.ts'
import { escalateApproval, settleApproval } from '../../db/tools/approval-changes.ts'
import { type StoredApproval, lockApproval } from '../../db/tools/approvals.ts'
import { findEligibleApprovers } from '../../db/tools/approvers.ts'
import { moveExecution } from '../../db/tools/executions.ts'
import { recordApproval } from '../../db/tools/record-approval.ts'
import { reflectApprovals } from '../../db/tools/turn-status.ts'
import { AppError, toStoredProblem } from '../../domain/errors.ts'
import {
  approvalEscalatedNotification,
  approvalExpiredNotification,
  approvalExpiringNotification,
} from '../../domain/notifications/approval-notifications.ts'
import type { NotificationContent } from '../../domain/notifications/notification.ts'
import type { ApprovalStatus } from '../../domain/tools/approval.ts'
import { tierAfter } from '../../domain/tools/approval-rules.ts'
import type { Platform } from '../../platform/platform.ts'
import { announceNotifications } from '../../platform/notifications/announce-notifications.ts'
import { type Told, announceRun } from '../../platform/tools/announce-run.ts'
import { workflowOf } from '../workflow-of.ts'
import { type AwaitedApproval, awaitedOf, warnsAt } from './awaited-approval.ts'

interface ApprovalInput {
  readonly approvalId: string
}

const record = (
  tx: Db,
  { approval }: StoredApproval,
  action: 'approval.escalate' | 'approval.expire',
): Promise<string> =>
  recordApproval(tx, action, {
    approvalId: approval.id,
    executionId: approval.executionId,
    requesterId: approval.requesterId,
    ...workflowOf(),
    details: { tier: approval.tier },
  })

/** One notification a transaction: a warning that is due with an escalation comes with the next look. */
async function dueNow(tx: Db, before: StoredApproval): Promise<NotificationContent | undefined> {
  const tier = tierAfter(before.escalation, (Date.now() - before.openedAt.getTime()) / 1_000)
  if (await escalateApproval(tx, before.approval.id, tier)) {
    const after = await lockApproval(tx, before.approval.id)
    await record(tx, after, 'approval.escalate')
    return approvalEscalatedNotification(after.approval)
  }
  return Date.now() >= warnsAt(before) ? approvalExpiringNotification(before.approval) : undefined
}

async function escalate(tx: Db, approvalId: string) {
  const before = await lockApproval(tx, approvalId)
  if (before.approval.status !== 'pending' || before.isOver) return { stored: before, notified: [] }
  const content = await dueNow(tx, before)
  const stored = await lockApproval(tx, approvalId)
  if (content === undefined) return { stored, notified: [] }
  const userIds = await findEligibleApprovers(tx, stored.rules)
  return { stored, notified: await createNotifications(tx, { ...content, userIds }) }
}

/** Does what is due by now; resolves to what is next. */
export const createEscalateApproval =
  (platform: Pick<Platform, 'db' | 'bus' | 'log'>) =>
  async ({ approvalId }: ApprovalInput): Promise<AwaitedApproval> => {
    const { stored, notified } = await platform.db.transaction((tx) => escalate(tx, approvalId))
    await announceNotifications(platform, notified)
    return awaitedOf(stored)
  }

async function expire(tx: Db, approvalId: string): Promise<{ readonly status: ApprovalStatus; readonly told: Told }> {
  const before = await lockApproval(tx, approvalId)
  const nothing: Told = { execution: undefined, notified: [] }
  if (!before.isOver || !(await settleApproval(tx, approvalId, 'expired'))) {
    return { status: before.approval.status, told: nothing }
  }
  const problem = toStoredProblem(new AppError('tool.expired'))
  const { executionId, requesterId } = before.approval
  const execution = await moveExecution(tx, executionId, { from: ['pending_approval'], to: 'expired', problem })
  await reflectApprovals(tx, execution?.turnId ?? null)
  await record(tx, before, 'approval.expire')
  const content = approvalExpiredNotification(before.approval)
  const notified = await createNotifications(tx, { ...content, userIds: [requesterId] })
  return { status: 'expired', told: { execution, notified } }
}

/** Denies what nobody has decided in time, by the database's clock; resolves to how it stands. */
export const createExpireApproval =
  (platform: Pick<Platform, 'db' | 'bus' | 'log' | 'streams'>) =>
  async ({ approvalId }: ApprovalInput): Promise<{ readonly status: ApprovalStatus }> => {
    const { status, told } = await platform.db.transaction((tx) => expire(tx, approvalId))
    const { execution } = told
    const decided = execution && [
      { type: 'approval.decided', data: { approvalId, executionId: execution.id, status: 'expired' } } as const,
    ]
    await announceRun(platform, told, decided)
    return { status }
  }
