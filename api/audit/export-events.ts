// Sends the log away: whole and provable as NDJSON, or what a filter finds, for reading, as CSV. That it was taken is in
// the log before its first byte leaves.
import { Readable } from 'node:stream'
import { appendAuditEvent } from '../../db/audit/events.ts'
import { findLatestCheckpoint } from '../../db/audit/checkpoints.ts'
import type { AuditEvent, ExportQuery } from '../../domain/audit/views.ts'
import type { AuditDetails } from '../../domain/audit/event.ts'
import { type CsvCell, csvRow } from '../../domain/csv.ts'
import { AppError } from '../../domain/errors.ts'
import { exportLog } from '../../platform/audit/export-log.ts'
import type { Context } from '../../platform/platform.ts'
import type { Reply } from '../http/route.ts'
import { eventOf } from './audited.ts'
import { readEvents } from './read-events.ts'

type ExportContext = Pick<Context, 'db' | 'actor' | 'requestId' | 'ip' | 'userAgent'>

const pageSize = 500

const columns: readonly (readonly [name: string, cellOf: (event: AuditEvent) => CsvCell])[] = [
  ['at', ({ at }) => at],
  ['id', ({ id }) => id],
  ['leafIndex', ({ leafIndex }) => leafIndex],
  ['action', ({ action }) => action],
  ['outcome', ({ outcome }) => outcome],
  ['severity', ({ severity }) => severity],
  ['actorType', ({ actor }) => actor.type],
  ['actorId', ({ actor }) => actor.id],
  ['session', ({ actor }) => actor.session],
  ['onBehalfOf', ({ onBehalfOf }) => onBehalfOf],
  ['resourceType', ({ resource }) => resource.type],
  ['resourceId', ({ resource }) => resource.id],
  ['resourceVersion', ({ resource }) => resource.version],
  ['reason', ({ reason }) => reason],
  ['requestId', ({ requestId }) => requestId],
  ['workflowId', ({ workflowId }) => workflowId],
  ['runId', ({ runId }) => runId],
  ['approvalId', ({ approvalId }) => approvalId],
  ['details', ({ details }) => details && JSON.stringify(details)],
  ...(['ip', 'userAgent', 'email', 'displayName', 'login'] as const).map(
    (name) => [name, ({ personal }: AuditEvent) => personal[name]] as const,
  ),
]

async function* csvRows({ db }: Pick<Context, 'db'>, filter: Omit<ExportQuery, 'format'>): AsyncGenerator<string> {
  yield csvRow(columns.map(([name]) => name))
  for (let after: string | null | undefined; after !== null; ) {
    const page = { limit: pageSize, ...(after === undefined ? {} : { after }) }
    const { data, nextCursor } = await readEvents(db, filter, page)
    yield data.map((event) => csvRow(columns.map(([, cellOf]) => cellOf(event)))).join('')
    after = nextCursor
  }
}

/** One chunk waits while another is sent: the client's pace is the database's. */
const toBytes = (chunks: AsyncGenerator<string>): Readable => Readable.from(chunks, { highWaterMark: 1 })

async function recordExport(context: ExportContext, logId: string | undefined, details: AuditDetails): Promise<void> {
  const change = { action: 'audit.export', resource: { type: 'audit_log', id: logId }, details } as const
  await context.db.transaction((tx) => appendAuditEvent(tx, eventOf(context, change)))
}

const headersOf = (contentType: string, filename: string): Record<string, string> => ({
  'Content-Type': contentType,
  'Content-Disposition': `attachment; filename="${filename}"`,
})

/** Throws `audit.not_sealed` before the first checkpoint, and `request.malformed` for a filter on what must be whole. */
export async function exportEvents(context: ExportContext, { format, ...filter }: ExportQuery): Promise<Reply> {
  const given = Object.entries(filter).filter(([, value]) => value !== undefined)
  if (format === 'csv') {
    await recordExport(context, undefined, { format, ...Object.fromEntries(given) })
    const headers = headersOf('text/csv; charset=utf-8; header=present', 'audit.csv')
    return { status: 200, bytes: toBytes(csvRows(context, filter)), headers }
  }
  if (given.length > 0)
    throw new AppError('request.malformed', { detail: 'An NDJSON export is whole: filters are for format=csv.' })
  const checkpoint = await findLatestCheckpoint(context.db)
  if (checkpoint === undefined)
    throw new AppError('audit.not_sealed', { detail: 'There is no checkpoint to export the log up to.' })
  const { origin, size } = checkpoint
  await recordExport(context, origin, { format, size })
  const headers = headersOf('application/x-ndjson', `audit-${size}.ndjson`)
  return { status: 200, bytes: toBytes(exportLog(context.db, checkpoint)), headers }
}
