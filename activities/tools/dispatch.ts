// The moment in which a run may begin: in one transaction everything that allows it is checked again, against what is now,
// and the run goes from approved to running. What doesn't hold any more sends it back to its approvers, or ends it.
import { appendAuditEvent } from '../../db/audit/events.ts'
import type { Db } from '../../db/database.ts'
import { type StoredApproval, lockApproval } from '../../db/tools/approvals.ts'
import { areVoicesStillEligible } from '../../db/tools/approvers.ts'
import { moveExecution } from '../../db/tools/executions.ts'
import type { ExecutionWork } from '../../db/tools/execution-work.ts'
import type { ToolEvent } from '../../domain/chat/turn-event.ts'
import { AppError, toStoredProblem } from '../../domain/errors.ts'
import { type RunOutcome, hasEnded } from '../../domain/tools/execution.ts'
import { needsApproval } from '../../domain/tools/approval-rules.ts'
import type { Platform } from '../../platform/platform.ts'
import { workflowOf } from '../workflow-of.ts'
import { askAgain } from './ask-for-approval.ts'
import { type ToolCall, hashOf, readCall } from './call-of.ts'
import type { Told } from '../../platform/tools/announce-run.ts'
import { endRun } from './end-run.ts'
import { findKeptResult } from './kept-result.ts'
import { endedAs } from './plan-execution.ts'
import { requireRunnable } from './require-runnable.ts'

export type DispatchPlatform = Pick<Platform, 'db' | 'bus' | 'log' | 'streams' | 'tools' | 'vault'>

export type Dispatched = { readonly told: Told; readonly events: readonly ToolEvent[] } & (
  | { readonly next: 'run'; readonly work: ExecutionWork }
  | { readonly next: 'nothing'; readonly outcome: RunOutcome | 'approval_void' }
)

const untold: Told = { execution: undefined, notified: [] }
const ended = (outcome: RunOutcome, told = untold): Dispatched => ({ next: 'nothing', outcome, told, events: [] })
const isVoid = (told = untold, events: readonly ToolEvent[] = []): Dispatched => ({
  next: 'nothing',
  outcome: 'approval_void',
  told,
  events,
})

/** The same thing under the same rules, in time, by voices that would still count. */
async function stillHolds(tx: Db, call: ToolCall, stored: StoredApproval): Promise<boolean> {
  const { approval, rules, isOver } = stored
  if (approval.status !== 'approved' || isOver) return false
  if (approval.argumentsHash !== hashOf(call, call.work.arguments)) return false
  return areVoicesStillEligible(tx, rules)
}

async function begin(tx: Db, call: ToolCall): Promise<Dispatched> {
  const { work } = call
  const kept = await findKeptResult(tx, work)
  const { executionId, tool, approvalId } = work
  if (kept !== undefined) {
    return ended(
      'succeeded',
      await endRun(tx, executionId, { from: ['approved'], to: 'succeeded', result: kept.result, cached: true }),
    )
  }
  const execution = await moveExecution(tx, executionId, { from: ['approved'], to: 'running' })
  await appendAuditEvent(tx, {
    action: 'tool.run',
    outcome: 'success',
    actor: { type: 'system' },
    onBehalfOf: work.requesterId,
    resource: { type: 'tool', id: tool.id, version: tool.version },
    ...(approvalId !== null && { approvalId }),
    ...workflowOf(),
    details: { executionId, tool: tool.name, argumentsHash: hashOf(call, work.arguments) },
  })
  return { next: 'run', work, told: { execution, notified: [] }, events: [] }
}

async function dispatchApproved(platform: DispatchPlatform, tx: Db, call: ToolCall): Promise<Dispatched> {
  const { work, policy } = call
  requireRunnable(platform.tools, call)
  if (work.approvalId === null) {
    if (!needsApproval(work.tool, policy)) return begin(tx, call)
    // The rules have become stricter since it was planned.
    await moveExecution(tx, work.executionId, { from: ['approved'], to: 'queued' })
    return isVoid()
  }
  const stored = await lockApproval(tx, work.approvalId)
  if (await stillHolds(tx, call, stored)) return begin(tx, call)
  const { told, events } = await askAgain(platform.tools, tx, call)
  return isVoid(told, events)
}

async function inTransaction(platform: DispatchPlatform, tx: Db, executionId: string): Promise<Dispatched> {
  const call = await readCall(tx, executionId)
  const { status, tool } = call.work
  if (hasEnded(status)) return ended(endedAs(status))
  if (status === 'approved') return dispatchApproved(platform, tx, call)
  if (status !== 'running') return isVoid()
  if (!tool.sideEffects) return { next: 'run', work: call.work, told: untold, events: [] }
  // An earlier attempt has begun, and its end was lost.
  throw new AppError('tool.outcome_unknown')
}

/** Throws `tool.outcome_unknown` where a run with side effects has begun before. */
export async function dispatch(platform: DispatchPlatform, executionId: string): Promise<Dispatched> {
  try {
    return await platform.db.transaction((tx) => inTransaction(platform, tx, executionId))
  } catch (error) {
    const isRefusal = error instanceof AppError && !error.retryable && error.kind !== 'internal'
    if (!isRefusal || error.code === 'resource.not_found') throw error
    const problem = toStoredProblem(error)
    const told = await platform.db.transaction((tx) =>
      endRun(tx, executionId, { from: ['approved'], to: 'failed', problem }),
    )
    return ended('failed', told)
  }
}
