// Statistics of runs, computed where the rows are: one statement gives the figures of the whole time and of its parts.
import type { ExecutionStatus } from '../../domain/tools/execution.ts'
import { executionStatuses } from '../../domain/tools/execution.ts'
import { type StatsRange, type ToolFigures, bucketStarts } from '../../domain/tools/stats.ts'
import type { Db } from '../database.ts'

export interface StatsFilter extends StatsRange {
  /** Only runs that this user asked for. */
  readonly requesterId?: string | undefined
  readonly toolId?: string | undefined
}

interface FiguresRow {
  /** Null: of the whole time. */
  readonly start: Date | null
  readonly total: number
  readonly counts: Readonly<Partial<Record<ExecutionStatus, number>>>
  readonly cached: number
  readonly started: number
  readonly duration: readonly number[] | null
  readonly wait: readonly number[] | null
}

const milliseconds = (later: string, earlier: string): string => `extract(epoch from ${later} - ${earlier}) * 1000`
/** Null without any value. */
const percentiles = (value: string, when: string): string =>
  `percentile_cont(array[0.5, 0.95]) within group (order by ${value}) filter (where ${when})`
const statusCounts = executionStatuses
  .map((status) => `'${status}', count(*) filter (where e.status = '${status}')`)
  .join(', ')

const statsSql = (where: string): string => `
  select date_trunc($3, e.created_at, 'UTC') as start, count(*)::int as total, jsonb_build_object(${statusCounts}) as counts,
    count(*) filter (where e.cached)::int as cached, count(*) filter (where e.started_at is not null)::int as started,
    ${percentiles(milliseconds('e.ended_at', 'e.started_at'), `e.status in ('succeeded', 'failed') and e.started_at is not null`)} as duration,
    ${percentiles(milliseconds('a.decided_at', 'a.created_at'), 'a.decided_at is not null')} as wait
  from tool_executions e left join approvals a on a.id = e.approval_id
  where ${where} group by grouping sets ((), (1))`

const ratio = (part: number, whole: number): number | null => (whole === 0 ? null : part / whole)
const round = (value: number): number => Math.round(value * 10) / 10

function pairOf(values: readonly number[] | null): ToolFigures['durationMs'] {
  const [p50, p95] = values ?? []
  return p50 === undefined || p95 === undefined ? null : { p50: round(p50), p95: round(p95) }
}

function toFigures({
  total = 0,
  counts = {},
  cached = 0,
  started = 0,
  duration = null,
  wait = null,
}: Partial<FiguresRow>) {
  const all = Object.fromEntries(executionStatuses.map((status) => [status, counts[status] ?? 0]))
  const { succeeded = 0, failed = 0 } = counts
  return {
    total,
    counts: all as ToolFigures['counts'],
    successRate: ratio(succeeded, succeeded + failed),
    durationMs: pairOf(duration),
    cacheHitRate: ratio(cached, cached + started),
    approvalWaitMs: pairOf(wait),
  }
}

export interface StatsFigures extends ToolFigures {
  readonly buckets: readonly (ToolFigures & { readonly start: string })[]
}

/** Of the runs that were asked for in the time, as they stand now. */
export async function findToolStats(db: Db, { requesterId, toolId, ...range }: StatsFilter): Promise<StatsFigures> {
  const { from, to, bucket } = range
  const bind: unknown[] = [from.getTime() / 1_000, to.getTime() / 1_000, bucket]
  const conditions = ['e.created_at >= to_timestamp($1::float8)', 'e.created_at < to_timestamp($2::float8)']
  if (requesterId !== undefined) conditions.push(`e.requester_id = $${bind.push(requesterId)}`)
  if (toolId !== undefined) conditions.push(`e.tool_id = $${bind.push(toolId)}`)
  const rows = await db.query<FiguresRow>(statsSql(conditions.join(' and ')), bind)
  const byStart = new Map(rows.map((row) => [row.start?.getTime() ?? null, row]))
  return {
    ...toFigures(byStart.get(null) ?? {}),
    buckets: bucketStarts(range).map((start) => ({
      start: start.toISOString(),
      ...toFigures(byStart.get(start.getTime()) ?? {}),
    })),
  }
}
