// What ingestion does to a document's row. Every write names the run: work of an older run changes nothing.
import { Op } from 'sequelize'
import type { DocumentStatus } from '../../domain/documents/document.ts'
import type { StoredProblem } from '../../domain/errors.ts'
import type { Db } from '../database.ts'
import { notifyOfEnd } from './notify-of-end.ts'

export interface DocumentRun {
  readonly documentId: string
  readonly run: number
}

export interface IngestionSource {
  readonly sha256: string
  readonly mediaType: string
  readonly filename: string
  readonly collectionId: string
  readonly status: DocumentStatus
}

/** What a run works on; undefined once the document was deleted or a newer run has begun. */
export async function findIngestionSource(
  db: Db,
  { documentId, run }: DocumentRun,
): Promise<IngestionSource | undefined> {
  const row = await db.models.Document.findOne({
    attributes: ['sha256', 'mediaType', 'filename', 'collectionId', 'status'],
    where: { id: documentId, run },
  })
  return row?.get()
}

export interface Progress {
  readonly status: DocumentStatus
  readonly done: number
  readonly total: number
  readonly pageCount?: number | undefined
}

/** Records how far a run is; never moves a finished document back. */
export async function recordProgress(db: Db, { documentId, run }: DocumentRun, progress: Progress): Promise<void> {
  await db.execute(
    `update documents set status = $3, progress_done = greatest($4, case when status = $3 then progress_done else 0 end),
       progress_total = $5, page_count = coalesce($6, page_count), updated_at = now()
     where id = $1 and run = $2 and status not in ('indexed', 'failed')`,
    [documentId, run, progress.status, progress.done, progress.total, progress.pageCount ?? null],
  )
}

/**
 * Ends a run as failed, with what the reader should change, and notifies of it. Resolves to who is notified; undefined,
 * without effect, when the run has ended already, the document is gone, or a newer run has begun.
 */
export async function failIngestion(
  db: Db,
  { documentId, run }: DocumentRun,
  problem: StoredProblem,
): Promise<readonly string[] | undefined> {
  return db.transaction(async (tx) => {
    const [changed] = await tx.models.Document.update(
      { status: 'failed', problem },
      { where: { id: documentId, run, status: { [Op.notIn]: ['indexed', 'failed'] } } },
    )
    return changed === 0 ? undefined : notifyOfEnd(tx, documentId)
  })
}

/**
 * Documents whose workflow may not run: those queued more than `queuedSeconds` ago, whose start a crash may have
 * swallowed, and unfinished ones without progress for `silentSeconds`, whose workflow may have been lost.
 */
export async function listStalledDocuments(
  db: Db,
  { queuedSeconds, silentSeconds }: { readonly queuedSeconds: number; readonly silentSeconds: number },
): Promise<(DocumentRun & { readonly ownerId: string })[]> {
  return db.query(
    `select id as "documentId", run, owner_id as "ownerId" from documents
     where status not in ('indexed', 'failed')
       and updated_at < now() - make_interval(secs => case when status = 'queued' then $1::int else $2::int end)
     order by updated_at limit 100`,
    [queuedSeconds, silentSeconds],
  )
}
