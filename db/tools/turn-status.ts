// What a turn's row says while its tools wait: it is waiting as long as one of its approvals is pending.
import type { Db } from '../database.ts'

/** No effect on a turn that has ended. In the transaction of what has changed. */
export async function reflectApprovals(tx: Db, turnId: string | null): Promise<void> {
  if (turnId === null) return
  // Held first: the statement after it then sees what whoever held it before has committed.
  await tx.query('select id from turns where id = $1 for no key update', [turnId])
  await tx.execute(
    `update turns t set status = case when w.waits then 'waiting_approval' else 'running' end
     from (select exists (select from tool_executions e join approvals a on a.execution_id = e.id
       where e.turn_id = $1 and a.status = 'pending') as waits) w
     where t.id = $1 and t.status in ('running', 'waiting_approval')`,
    [turnId],
  )
}
