// The approvals that a turn waits for.
import type { Db } from '../database.ts'

export interface PendingRequest {
  readonly step: number
  readonly approvalId: string
  readonly executionId: string
  readonly tool: string
  readonly arguments: Record<string, unknown>
  readonly createdAt: Date
  readonly expiresAt: Date
}

/** In the order in which they were asked for. */
export async function findPendingRequests(db: Db, turnId: string): Promise<PendingRequest[]> {
  return db.query(
    `select e.step, a.id as "approvalId", e.id as "executionId", a.tool_name as tool, a.arguments,
       a.created_at as "createdAt", a.expires_at as "expiresAt"
     from tool_executions e join approvals a on a.execution_id = e.id
     where e.turn_id = $1 and a.status = 'pending' order by e.step, a.created_at, a.id`,
    [turnId],
  )
}
