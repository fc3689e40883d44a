// What comes next for a run: an approval, the run itself, or nothing, because a kept result answers it or it has ended. It
// is asked anew after each decision, and repeating it changes nothing.
import type { Db } from '../../db/database.ts'
import { lockApproval } from '../../db/tools/approvals.ts'
import { moveExecution } from '../../db/tools/executions.ts'
import type { ToolEvent } from '../../domain/chat/turn-event.ts'
import { AppError, toStoredProblem } from '../../domain/errors.ts'
import { needsApproval } from '../../domain/tools/approval-rules.ts'
import { type ExecutionStatus, type RunOutcome, hasEnded } from '../../domain/tools/execution.ts'
import type { Platform } from '../../platform/platform.ts'
import { type Told, announceRun } from '../../platform/tools/announce-run.ts'
import { askForApproval } from './ask-for-approval.ts'
import { type AwaitedApproval, awaitedOf } from './awaited-approval.ts'
import { type RunInput, readCall, requireOwnWorkflow } from './call-of.ts'
import { endRun } from './end-run.ts'
import { findKeptResult } from './kept-result.ts'
import { requireRunnable } from './require-runnable.ts'

export type Plan =
  | { readonly next: 'ended'; readonly outcome: RunOutcome }
  | { readonly next: 'run' }
  | { readonly next: 'approval'; readonly approval: AwaitedApproval }

type PlanPlatform = Pick<Platform, 'db' | 'bus' | 'log' | 'streams' | 'tools'>

interface Planned {
  readonly plan: Plan
  readonly told: Told
  readonly events: readonly ToolEvent[]
}

const nothing: Told = { execution: undefined, notified: [] }
const only = (plan: Plan, told = nothing): Planned => ({ plan, told, events: [] })

export function endedAs(status: ExecutionStatus): RunOutcome {
  if (!hasEnded(status)) throw new AppError('internal', { detail: `A run that is ${status} hasn’t ended.` })
  return status as RunOutcome
}

async function plan({ tools }: PlanPlatform, tx: Db, executionId: string): Promise<Planned> {
  const call = await readCall(tx, executionId)
  const { status, approvalId, tool } = call.work
  if (hasEnded(status)) return only({ next: 'ended', outcome: endedAs(status) })
  const run: Plan = { next: 'run' }
  if (status === 'approved' || status === 'running') return only(run)
  if (status === 'pending_approval' && approvalId !== null) {
    return only({ next: 'approval', approval: awaitedOf(await lockApproval(tx, approvalId)) })
  }
  requireRunnable(tools, call)
  if (needsApproval(tool, call.policy)) {
    const { stored, told, events } = await askForApproval(tools, tx, call)
    return { plan: { next: 'approval', approval: awaitedOf(stored) }, told, events }
  }
  const kept = await findKeptResult(tx, call.work)
  if (kept === undefined) {
    return only(run, {
      ...nothing,
      execution: await moveExecution(tx, executionId, { from: ['queued'], to: 'approved' }),
    })
  }
  const told = await endRun(tx, executionId, { from: ['queued'], to: 'succeeded', result: kept.result, cached: true })
  return only({ next: 'ended', outcome: 'succeeded' }, told)
}

/** A call that can't run ends with the reason, which its caller can mend. */
async function fail(db: Db, executionId: string, error: unknown): Promise<Planned> {
  if (!(error instanceof AppError) || error.retryable || error.code === 'resource.not_found') throw error
  const problem = toStoredProblem(error)
  const told = await db.transaction((tx) => endRun(tx, executionId, { from: ['queued'], to: 'failed', problem }))
  return only(
    { next: 'ended', outcome: told.execution === undefined ? 'failed' : endedAs(told.execution.status) },
    told,
  )
}

/** Throws `resource.not_found` for a run that isn't there. */
export const createPlanExecution =
  (platform: PlanPlatform) =>
  async (input: RunInput): Promise<Plan> => {
    const { executionId } = input
    requireOwnWorkflow(input)
    const planned = await platform.db
      .transaction((tx) => plan(platform, tx, executionId))
      .catch((error: unknown) => fail(platform.db, executionId, error))
    await announceRun(platform, planned.told, planned.events)
    return planned.plan
  }
