// Statistics of runs: what came of them, how long they took, and how long they waited for somebody. Over a whole time and
// by parts of it, which begin with the hour or the day in UTC.
import { z } from 'zod'
import { AppError, type FieldFault } from '../errors.ts'
import { timestamp } from '../resource.ts'
import { executionStatuses } from './execution.ts'

const bucketSizes = ['hour', 'day'] as const
export type BucketSize = (typeof bucketSizes)[number]
const bucketMs: Readonly<Record<BucketSize, number>> = { hour: 3_600_000, day: 86_400_000 }
/** A year of days, or two weeks of hours. */
const maxBuckets = 366
/** A day of hours, or a month of days. */
const usualBuckets: Readonly<Record<BucketSize, number>> = { hour: 24, day: 30 }

const statsScopes = ['own', 'all'] as const

export const statsQuerySchema = z.strictObject({
  from: timestamp
    .optional()
    .describe('Runs that were asked for at this time or later; 30 days, or 24 hours, before `to`'),
  to: timestamp.optional().describe('Runs that were asked for before this time; now unless given'),
  bucket: z.enum(bucketSizes).default('day').describe('How long a part of the time is'),
  scope: z.enum(statsScopes).default('own').describe('`own`: your runs. `all`: everybody’s, which needs `tool:write`'),
})
export type StatsQuery = z.infer<typeof statsQuerySchema>

const percentiles = z.object({ p50: z.number(), p95: z.number() }).nullable()

const figures = {
  total: z.int(),
  /** How many are in each status. */
  counts: z.object(
    Object.fromEntries(executionStatuses.map((status) => [status, z.int()])) as Record<
      (typeof executionStatuses)[number],
      z.ZodInt
    >,
  ),
  /** Of the runs that have succeeded or failed, the part that succeeded; null where there is none. */
  successRate: z.number().nullable(),
  /** Milliseconds from the start of a run to its end, without the wait before; null where nothing ran. */
  durationMs: percentiles,
  /** Of the runs that came as far as being run, the part that a kept result answered; null where there is none. */
  cacheHitRate: z.number().nullable(),
  /** Milliseconds from the request for an approval to the decision, or to its end without one. */
  approvalWaitMs: percentiles,
}

const figuresSchema = z.object(figures)
export type ToolFigures = z.infer<typeof figuresSchema>

export const toolStatsSchema = z
  .object({
    from: timestamp,
    to: timestamp,
    bucket: z.enum(bucketSizes),
    scope: z.enum(statsScopes),
    ...figures,
    /** Every part of the time, oldest first, also those in which nothing ran. */
    buckets: z.array(z.object({ start: timestamp, ...figures })),
  })
  .meta({ id: 'ToolStats' })
export type ToolStats = z.infer<typeof toolStatsSchema>

export interface StatsRange {
  readonly from: Date
  readonly to: Date
  readonly bucket: BucketSize
}

/** When each part begins; the first one may begin before `from`. */
export function bucketStarts({ from, to, bucket }: StatsRange): Date[] {
  const size = bucketMs[bucket]
  const first = Math.floor(from.getTime() / size) * size
  const count = Math.max(0, Math.ceil((to.getTime() - first) / size))
  return Array.from({ length: count }, (_, index) => new Date(first + index * size))
}

const refuse = (error: FieldFault): never => {
  throw new AppError('request.malformed', { detail: `The time ${error.message}.`, errors: [error] })
}

/** Throws `request.malformed` for a time that is empty, or has too many parts. */
export function statsRange({ from: given, to: end, bucket }: StatsQuery, now: Date): StatsRange {
  const to = end === undefined ? now : new Date(end)
  const from = given === undefined ? new Date(to.getTime() - usualBuckets[bucket] * bucketMs[bucket]) : new Date(given)
  if (from >= to || from.getTime() < 0)
    refuse({ path: 'from', message: 'must begin before its end, and not before 1970' })
  if (to.getTime() - from.getTime() > maxBuckets * bucketMs[bucket])
    refuse({ path: 'from', message: `has at most ${maxBuckets} parts: choose a shorter time, or bucket=day` })
  return { from, to, bucket }
}
