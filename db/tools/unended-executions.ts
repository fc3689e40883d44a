// Runs that nobody drives any more, or never did: what the sweep looks for, and how one is cancelled that has no workflow.
import { AppError, toStoredProblem } from '../../domain/errors.ts'
import type { ExecutionStatus, ToolExecution } from '../../domain/tools/execution.ts'
import type { Db } from '../database.ts'
import { settleApproval } from './approval-changes.ts'
import { moveExecution } from './executions.ts'
import { recordApproval } from './record-approval.ts'
import { reflectApprovals } from './turn-status.ts'

export interface UnendedExecution {
  readonly executionId: string
  readonly userId: string
  readonly status: ExecutionStatus
}

const found = `e.id as "executionId", e.requester_id as "userId", e.status`

/** A person's own calls that were asked for so long ago that the start of their workflow may have been lost. */
export async function listUnstartedExecutions(db: Db, olderThanSeconds: number): Promise<UnendedExecution[]> {
  return db.query(
    `select ${found} from tool_executions e
     where e.ended_at is null and e.status = 'queued' and e.call_id is null
       and e.updated_at < now() - make_interval(secs => $1) order by e.updated_at limit 100`,
    [olderThanSeconds],
  )
}

/** A turn's workflow starts its calls itself, however late: only those of a turn that is over, or gone, start no more. */
export async function listOrphanedExecutions(db: Db, olderThanSeconds: number): Promise<UnendedExecution[]> {
  return db.query(
    `select ${found} from tool_executions e left join turns t on t.id = e.turn_id
     where e.ended_at is null and e.status = 'queued' and e.call_id is not null
       and e.updated_at < now() - make_interval(secs => $1)
       and (t.id is null or t.status in ('completed', 'failed', 'cancelled')) order by e.updated_at limit 100`,
    [olderThanSeconds],
  )
}

/** Those that have been where they are for longer than a workflow that is there leaves them. */
export async function listStalledExecutions(
  db: Db,
  { runningSeconds, silentSeconds }: { readonly runningSeconds: number; readonly silentSeconds: number },
): Promise<UnendedExecution[]> {
  return db.query(
    `select ${found} from tool_executions e left join approvals a on a.id = e.approval_id
     where e.ended_at is null and e.updated_at < now() - make_interval(secs => $2) and (e.status = 'approved'
       or (e.status = 'running' and e.started_at < now() - make_interval(secs => $1))
       or (e.status = 'pending_approval' and a.expires_at < now() - make_interval(secs => $2)))
     order by e.updated_at limit 100`,
    [runningSeconds, silentSeconds],
  )
}

/**
 * Cancels a run that no workflow drives, with the approval that it waits for. Undefined where it has ended. What was
 * running may have done something: its problem says so. In a transaction.
 */
export async function cancelExecution(tx: Db, executionId: string): Promise<ToolExecution | undefined> {
  const detail = 'The work on it was lost while it ran. Look at what it may have changed before you call it again.'
  const problem = toStoredProblem(new AppError('tool.outcome_unknown', { detail }))
  const cancelled =
    (await moveExecution(tx, executionId, { from: ['queued', 'pending_approval', 'approved'], to: 'cancelled' })) ??
    (await moveExecution(tx, executionId, { from: ['running'], to: 'cancelled', problem }))
  if (cancelled === undefined) return undefined
  const { approvalId, requesterId, turnId } = cancelled
  if (approvalId === null || !(await settleApproval(tx, approvalId, 'cancelled'))) return cancelled
  await reflectApprovals(tx, turnId)
  await recordApproval(tx, 'approval.cancel', { approvalId, executionId, requesterId })
  return cancelled
}
