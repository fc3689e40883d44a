// What comes next for a run: an approval, the run itself, or nothing, because a kept result answers it or it has ended. It
// is asked anew after each decision, and repeating it changes nothing.
import { appendAuditEvent } from '../../db/audit/events.ts'
import type { Db } from '../../db/database.ts'
import { newId } from '../../db/ids.ts'
import { createNotifications } from '../../db/notifications/notifications.ts'
import { findEligibleApprovers, createApproval, lockApproval, type StoredApproval } from '../../db/tools/approvals.ts'
import { moveExecution } from '../../db/tools/executions.ts'
import { findResult } from '../../db/tools/results.ts'
import { AppError, toStoredProblem } from '../../domain/errors.ts'
import { approvalRequestedNotification } from '../../domain/notifications/approval-notifications.ts'
import { needsApproval } from '../../domain/tools/approval-rules.ts'
import { type ExecutionStatus, hasEnded } from '../../domain/tools/execution.ts'
import type { Platform } from '../../platform/platform.ts'
import { announceNotifications } from '../../platform/notifications/announce-notifications.ts'
import { resultKeyOf } from '../../platform/tools/arguments-hash.ts'
import { type ToolCall, hashOf, readCall } from './call-of.ts'
import { awaitedOf, type AwaitedApproval } from './awaited-approval.ts'

export type Plan =
  | { readonly next: 'ended'; readonly outcome: 'succeeded' | 'failed' | 'denied' | 'expired' | 'cancelled' }
  | { readonly next: 'run'; readonly sideEffects: boolean }
  | { readonly next: 'approval'; readonly approval: AwaitedApproval }

type PlanPlatform = Pick<Platform, 'db' | 'bus' | 'log' | 'tools'>

interface Planned {
  readonly plan: Plan
  readonly notified: readonly string[]
}

const only = (plan: Plan): Planned => ({ plan, notified: [] })
const endedAs = (status: ExecutionStatus): Plan => {
  if (!hasEnded(status)) throw new AppError('internal', { detail: `A run that is ${status} hasn’t ended.` })
  return { next: 'ended', outcome: status as Extract<Plan, { next: 'ended' }>['outcome'] }
}

/** Throws what keeps it from running: the tool, the requester, or the arguments. */
function requireRunnable({ tools }: PlanPlatform, { work }: ToolCall): void {
  if (!work.tool.isEnabled) throw new AppError('tool.disabled')
  if (!work.tool.isCurrent) throw new AppError('tool.changed', { detail: 'Call it again, as it is now.' })
  if (!work.requesterMayRun) throw new AppError('auth.forbidden')
  tools.check(work.tool.inputSchema, work.arguments)
}

async function askForApproval(platform: PlanPlatform, tx: Db, call: ToolCall): Promise<Planned> {
  const { work, policy } = call
  const { stored, made } = await createApproval(tx, {
    id: newId(),
    executionId: work.executionId,
    requesterId: work.requesterId,
    toolName: work.tool.name,
    policy,
    arguments: work.arguments,
    argumentsHash: hashOf(call, work.arguments),
    preview: platform.tools.preview(work.tool, work.arguments),
  })
  const plan: Plan = { next: 'approval', approval: awaitedOf(stored) }
  if (!made) return only(plan)
  const { id: approvalId } = stored.approval
  await moveExecution(tx, work.executionId, { from: ['queued'], to: 'pending_approval', approvalId })
  await appendAuditEvent(tx, {
    action: 'approval.request',
    outcome: 'success',
    actor: { type: 'user', id: work.requesterId },
    resource: { type: 'approval', id: approvalId },
    approvalId,
    details: { tool: work.tool.name, toolVersion: work.tool.version, argumentsHash: stored.approval.argumentsHash },
  })
  return { plan, notified: await notifyApprovers(tx, stored) }
}

async function notifyApprovers(tx: Db, { approval, rules }: StoredApproval): Promise<string[]> {
  const userIds = await findEligibleApprovers(tx, { roles: rules.roles, except: rules.requesterId })
  return createNotifications(tx, { ...approvalRequestedNotification(approval), userIds })
}

async function fromCache(tx: Db, { work }: ToolCall): Promise<boolean> {
  if (work.noCache || work.tool.sideEffects || work.tool.cacheTtlSeconds === 0) return false
  const kept = await findResult(tx, resultKeyOf(work))
  if (kept === undefined) return false
  await moveExecution(tx, work.executionId, { from: ['queued'], to: 'succeeded', result: kept.result, cached: true })
  return true
}

async function plan(platform: PlanPlatform, tx: Db, executionId: string): Promise<Planned> {
  const call = await readCall(tx, executionId)
  const { status, approvalId, tool } = call.work
  if (hasEnded(status)) return only(endedAs(status))
  if (status === 'approved') return only({ next: 'run', sideEffects: tool.sideEffects })
  if (status === 'pending_approval' && approvalId !== null) {
    return only({ next: 'approval', approval: awaitedOf(await lockApproval(tx, approvalId)) })
  }
  requireRunnable(platform, call)
  if (needsApproval(tool, call.policy)) return askForApproval(platform, tx, call)
  if (await fromCache(tx, call)) return only({ next: 'ended', outcome: 'succeeded' })
  await moveExecution(tx, executionId, { from: ['queued'], to: 'approved' })
  return only({ next: 'run', sideEffects: tool.sideEffects })
}

async function fail(db: Db, executionId: string, error: unknown): Promise<Plan> {
  if (!(error instanceof AppError) || error.retryable) throw error
  const problem = toStoredProblem(error)
  const moved = await moveExecution(db, executionId, { from: ['queued'], to: 'failed', problem })
  return endedAs(moved?.status ?? 'failed')
}

export const createPlanExecution =
  (platform: PlanPlatform) =>
  async ({ executionId }: { readonly executionId: string }): Promise<Plan> => {
    try {
      const { plan: planned, notified } = await platform.db.transaction((tx) => plan(platform, tx, executionId))
      await announceNotifications(platform, notified)
      return planned
    } catch (error) {
      return fail(platform.db, executionId, error)
    }
  }
