// Ends a run that can't go on: it was cancelled, or it failed outside of its own work. What waits for a decision then waits
// no more.
import type { Db } from '../../db/database.ts'
import { settleApproval } from '../../db/tools/approval-changes.ts'
import { type ExecutionWork, getExecutionWork } from '../../db/tools/execution-work.ts'
import { recordApproval } from '../../db/tools/record-approval.ts'
import { reflectApprovals } from '../../db/tools/turn-status.ts'
import { AppError, type StoredProblem, toStoredProblem } from '../../domain/errors.ts'
import { type RunOutcome, hasEnded } from '../../domain/tools/execution.ts'
import type { Platform } from '../../platform/platform.ts'
import { type Told, announceRun } from '../../platform/tools/announce-run.ts'
import { workflowOf } from '../workflow-of.ts'
import { type RunInput, requireOwnWorkflow } from './call-of.ts'
import { endRun } from './end-run.ts'
import { endedAs } from './plan-execution.ts'

export type RunEnding =
  | { readonly status: 'cancelled' }
  | { readonly status: 'failed'; readonly problem: StoredProblem }

const unended = ['queued', 'pending_approval', 'approved', 'running'] as const

/** A run with side effects that was under way may have had them. */
function problemOf({ status, tool }: ExecutionWork, ending: RunEnding): StoredProblem | undefined {
  if (status === 'running' && tool.sideEffects) return toStoredProblem(new AppError('tool.outcome_unknown'))
  return ending.status === 'failed' ? ending.problem : undefined
}

async function cancelApproval(tx: Db, { approvalId, requesterId, executionId }: ExecutionWork): Promise<void> {
  if (approvalId === null || !(await settleApproval(tx, approvalId, 'cancelled'))) return
  await recordApproval(tx, 'approval.cancel', { approvalId, executionId, requesterId, ...workflowOf() })
}

/** Resolves to how the run has ended, which may be otherwise. */
export async function endExecution(
  tx: Db,
  executionId: string,
  ending: RunEnding,
): Promise<{ readonly outcome: RunOutcome; readonly told: Told }> {
  const work = await getExecutionWork(tx, executionId)
  if (hasEnded(work.status)) {
    return { outcome: endedAs(work.status), told: { execution: undefined, notified: [] } }
  }
  await cancelApproval(tx, work)
  const problem = problemOf(work, ending)
  await reflectApprovals(tx, work.turnId)
  const told = await endRun(tx, executionId, { from: unended, to: ending.status, ...(problem && { problem }) })
  return { outcome: ending.status, told }
}

/** A run that isn't there has nothing to end. */
export const createEndExecution =
  (platform: Pick<Platform, 'db' | 'bus' | 'log' | 'streams'>) =>
  async (input: RunInput & RunEnding): Promise<{ readonly outcome: RunOutcome }> => {
    try {
      requireOwnWorkflow(input)
      const { outcome, told } = await platform.db.transaction((tx) => endExecution(tx, input.executionId, input))
      await announceRun(platform, told)
      return { outcome }
    } catch (error) {
      if (error instanceof AppError && error.code === 'resource.not_found') return { outcome: 'failed' }
      throw error
    }
  }
