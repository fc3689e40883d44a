// Statistics of runs: everybody sees what became of their own; who changes tools sees everybody's.
import { findToolStats } from '../../db/tools/stats.ts'
import { AppError } from '../../domain/errors.ts'
import { type StatsQuery, type ToolStats, statsRange } from '../../domain/tools/stats.ts'
import type { Context } from '../../platform/platform.ts'

/** Of all tools, or of one. Throws `auth.forbidden` for everybody’s, `request.malformed` for a time that is too long. */
export async function readToolStats(
  { db, actor }: Pick<Context, 'db' | 'actor'>,
  { toolId, ...query }: StatsQuery & { readonly toolId?: string },
): Promise<ToolStats> {
  if (query.scope === 'all' && !actor.permissions.has('tool:write'))
    throw new AppError('auth.forbidden', { detail: 'Statistics over everybody’s runs need the permission tool:write.' })
  const range = statsRange(query, new Date())
  const requesterId = query.scope === 'own' ? actor.userId : undefined
  const figures = await findToolStats(db, { ...range, requesterId, toolId })
  const { bucket, scope } = query
  return {
    from: range.from.toISOString(),
    to: range.to.toISOString(),
    bucket,
    scope,
    ...figures,
    buckets: [...figures.buckets],
  }
}
