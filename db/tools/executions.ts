// Runs of tools. The row is the truth about a run; the workflow only drives it. A run goes from one status to the next by a
// compare-and-set, so that no step happens twice, whoever repeats it.
import type { StoredProblem } from '../../domain/errors.ts'
import { type Page, toPage } from '../../domain/resource.ts'
import type { ExecutionStatus, ListExecutionsQuery, ToolExecution } from '../../domain/tools/execution.ts'
import { type Db, firstOrNotFound } from '../database.ts'
import { olderThan } from '../keyset.ts'

interface ExecutionRow extends Omit<ToolExecution, 'createdAt' | 'startedAt' | 'endedAt'> {
  readonly createdAt: Date
  readonly startedAt: Date | null
  readonly endedAt: Date | null
  readonly revision: number
}

const columns = `e.id, e.tool_id as "toolId", t.name as "toolName", v.version as "toolVersion",
  e.requester_id as "requesterId", e.turn_id as "turnId", e.call_id as "callId", e.step, e.status, e.arguments, e.result, e.problem,
  e.cached, e.approval_id as "approvalId", e.created_at as "createdAt", e.started_at as "startedAt",
  e.ended_at as "endedAt", e.revision`
const joined = `tool_executions e join tools t on t.id = e.tool_id join tool_versions v on v.id = e.tool_version_id`

const toExecution = ({ revision: _, ...row }: ExecutionRow): ToolExecution => ({
  ...row,
  createdAt: row.createdAt.toISOString(),
  startedAt: row.startedAt?.toISOString() ?? null,
  endedAt: row.endedAt?.toISOString() ?? null,
})

export interface NewExecution {
  readonly id: string
  readonly toolId: string
  readonly toolVersionId: string
  readonly requesterId: string
  readonly arguments: Readonly<Record<string, unknown>>
  readonly noCache: boolean
  /** Of the model that called it; none where a person did. */
  readonly call?: { readonly turnId: string; readonly callId: string; readonly step: number }
}

/** The same id, or the same call of a turn, again changes nothing (`made` is false). */
export async function createExecution(
  tx: Db,
  input: NewExecution,
): Promise<{ readonly execution: ToolExecution; readonly made: boolean }> {
  const { call } = input
  const made = await tx.query(
    `insert into tool_executions (id, tool_id, tool_version_id, requester_id, arguments, no_cache, turn_id, call_id, step)
     values ($1, $2, $3, $4, $5::jsonb, $6, $7, $8, $9) on conflict do nothing returning id`,
    [
      input.id,
      input.toolId,
      input.toolVersionId,
      input.requesterId,
      JSON.stringify(input.arguments),
      input.noCache,
      call?.turnId ?? null,
      call?.callId ?? null,
      call?.step ?? null,
    ],
  )
  const rows = await tx.query<ExecutionRow>(
    `select ${columns} from ${joined} where e.id = $1 or (e.turn_id = $2 and e.call_id = $3)`,
    [input.id, call?.turnId ?? null, call?.callId ?? null],
  )
  return { execution: toExecution(firstOrNotFound(rows, 'run')), made: made.length > 0 }
}

interface ExecutionAccess {
  readonly executionId: string
  readonly userId: string
}

/** A user's own, newest first. */
export async function listExecutions(
  db: Db,
  userId: string,
  { limit, after, status, toolId, cached }: ListExecutionsQuery,
): Promise<Page<ToolExecution>> {
  const bind: unknown[] = [userId, after ?? null, limit + 1]
  const conditions = ['e.requester_id = $1', olderThan('e.id', '$2')]
  if (status !== undefined) conditions.push(`e.status = $${bind.push(status)}`)
  if (toolId !== undefined) conditions.push(`e.tool_id = $${bind.push(toolId)}`)
  if (cached !== undefined) conditions.push(`e.cached = $${bind.push(cached)}`)
  const rows = await db.query<ExecutionRow>(
    `select ${columns} from ${joined} where ${conditions.join(' and ')} order by e.id desc limit $3`,
    bind,
  )
  return toPage(rows.map(toExecution), limit)
}

/** A run, and how often its row has changed: the number rises with every change, also where the status goes back. */
export interface ExecutionState {
  readonly execution: ToolExecution
  readonly revision: number
}

/** Throws `resource.not_found` also for somebody else’s. */
export async function getExecutionState(db: Db, { executionId, userId }: ExecutionAccess): Promise<ExecutionState> {
  const rows = await db.query<ExecutionRow>(
    `select ${columns} from ${joined} where e.id = $1 and e.requester_id = $2`,
    [executionId, userId],
  )
  const row = firstOrNotFound(rows, 'run')
  return { execution: toExecution(row), revision: row.revision }
}

/** Throws `resource.not_found` also for somebody else’s. */
export async function getExecution(db: Db, access: ExecutionAccess): Promise<ToolExecution> {
  return (await getExecutionState(db, access)).execution
}

export interface StatusChange {
  readonly from: readonly ExecutionStatus[]
  readonly to: ExecutionStatus
  readonly result?: unknown
  readonly problem?: StoredProblem
  readonly cached?: boolean
  readonly approvalId?: string
}

const endings: readonly ExecutionStatus[] = ['denied', 'expired', 'succeeded', 'failed', 'cancelled']

/** Undefined where it is in none of the statuses to come from. */
export async function moveExecution(
  tx: Db,
  executionId: string,
  { from, to, result, problem, cached = false, approvalId }: StatusChange,
): Promise<ToolExecution | undefined> {
  const moved = await tx.query(
    `update tool_executions set status = $3, result = coalesce($4::jsonb, result), problem = coalesce($5::jsonb, problem),
       cached = $6, approval_id = coalesce($7, approval_id), updated_at = now(),
       started_at = case when $3 = 'running' then coalesce(started_at, now()) else started_at end,
       ended_at = case when $8 then now() end
     where id = $1 and status = any($2::text[]) returning id`,
    [
      executionId,
      from,
      to,
      result === undefined ? null : JSON.stringify(result),
      problem === undefined ? null : JSON.stringify(problem),
      cached,
      approvalId ?? null,
      endings.includes(to),
    ],
  )
  if (moved.length === 0) return undefined
  const rows = await tx.query<ExecutionRow>(`select ${columns} from ${joined} where e.id = $1`, [executionId])
  return toExecution(firstOrNotFound(rows, 'run'))
}

/** What an approver made of the arguments. The caller holds the run's row. */
export async function replaceArguments(
  tx: Db,
  executionId: string,
  args: Readonly<Record<string, unknown>>,
): Promise<void> {
  await tx.execute('update tool_executions set arguments = $2::jsonb, updated_at = now() where id = $1', [
    executionId,
    JSON.stringify(args),
  ])
}
