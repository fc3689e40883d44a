// Documents as their readers and editors see them. Access is the caller's membership, inside every predicate.
import type { CollectionRole, Document, DocumentStatus } from '../../domain/documents/document.ts'
import { AppError } from '../../domain/errors.ts'
import { type Page, type PageQuery, toPage } from '../../domain/resource.ts'
import { type Db, firstOrNotFound } from '../database.ts'
import { olderThan } from '../keyset.ts'
import { removeChunks } from './chunks.ts'

export interface DocumentRow {
  readonly id: string
  readonly collectionId: string
  readonly ownerId: string
  readonly title: string
  readonly filename: string
  readonly mediaType: string
  readonly sizeBytes: string
  readonly sha256: string
  readonly status: DocumentStatus
  readonly done: number
  readonly total: number
  readonly problem: Document['problem']
  readonly pageCount: number | null
  readonly chunkCount: number | null
  readonly run: number
  readonly createdAt: Date
  readonly updatedAt: Date
  readonly indexedAt: Date | null
}

const columns = `d.id, d.collection_id as "collectionId", d.owner_id as "ownerId", d.title, d.filename,
  d.media_type as "mediaType", d.size_bytes as "sizeBytes", d.sha256, d.status, d.progress_done as done,
  d.progress_total as total, d.problem, d.page_count as "pageCount", d.chunk_count as "chunkCount", d.run,
  d.created_at as "createdAt", d.updated_at as "updatedAt", d.indexed_at as "indexedAt"`
const readable = 'documents d join collection_members m on m.collection_id = d.collection_id and m.user_id = $1'

function toDocument({ done, total, run, ...row }: DocumentRow): Document {
  return {
    ...row,
    sizeBytes: Number(row.sizeBytes),
    progress: { done, total },
    createdAt: row.createdAt.toISOString(),
    updatedAt: row.updatedAt.toISOString(),
    indexedAt: row.indexedAt?.toISOString() ?? null,
  }
}

export interface NewDocument {
  readonly id: string
  readonly collectionId: string
  readonly ownerId: string
  readonly title: string
  readonly filename: string
  readonly mediaType: string
  readonly sizeBytes: number
  readonly sha256: string
}

/** Inserts a queued document; the same bytes in the same collection give the one that is there (`made` is false). */
export async function insertDocument(
  db: Db,
  input: NewDocument,
): Promise<{ readonly document: Document; readonly run: number; readonly made: boolean }> {
  const inserted = await db.query(
    `insert into documents (id, collection_id, owner_id, title, filename, media_type, size_bytes, sha256)
     values ($1, $2, $3, $4, $5, $6, $7, $8) on conflict do nothing returning id`,
    [
      input.id,
      input.collectionId,
      input.ownerId,
      input.title,
      input.filename,
      input.mediaType,
      input.sizeBytes,
      input.sha256,
    ],
  )
  const rows = await db.query<DocumentRow>(
    `select ${columns} from documents d where d.collection_id = $1 and d.sha256 = $2`,
    [input.collectionId, input.sha256],
  )
  const row = firstOrNotFound(rows, 'document')
  return { document: toDocument(row), run: row.run, made: inserted.length > 0 }
}

export interface DocumentFilter {
  readonly collectionId?: string | undefined
  readonly status?: DocumentStatus | undefined
}

/**
 * The documents that the user may read, newest first. Each collection gives its newest by the order of an index, and the
 * page is taken of these: the cost is the number of collections times the page, whatever they hold.
 */
export async function listDocuments(
  db: Db,
  userId: string,
  { limit, after, collectionId, status }: PageQuery & DocumentFilter,
): Promise<Page<Document>> {
  const bind: unknown[] = [userId, after ?? null, limit + 1]
  const inCollection = collectionId === undefined ? '' : `and m.collection_id = $${bind.push(collectionId)}`
  const withStatus = status === undefined ? '' : `and status = $${bind.push(status)}`
  const rows = await db.query<DocumentRow>(
    `select ${columns} from collection_members m cross join lateral (
       select * from documents where collection_id = m.collection_id and ${olderThan('id', '$2')} ${withStatus}
       order by id desc limit $3) d
     where m.user_id = $1 ${inCollection} order by d.id desc limit $3`,
    bind,
  )
  return toPage(rows.map(toDocument), limit)
}

interface DocumentAccess {
  readonly userId: string
  readonly documentId: string
}

/** A document with the caller's role and its run. Throws `resource.not_found` also when the user may not read it. */
export async function getDocument(
  db: Db,
  { userId, documentId }: DocumentAccess,
): Promise<{ readonly document: Document; readonly role: CollectionRole; readonly run: number }> {
  const rows = await db.query<DocumentRow & { role: CollectionRole }>(
    `select ${columns}, m.role from ${readable} where d.id = $2`,
    [userId, documentId],
  )
  const { role, ...row } = firstOrNotFound(rows, 'document')
  return { document: toDocument(row), role, run: row.run }
}

async function requireEditor(db: Db, access: DocumentAccess): Promise<Document> {
  const { document, role } = await getDocument(db, access)
  if (role === 'reader') {
    throw new AppError('auth.forbidden', { detail: 'This needs the role “editor” in the document’s collection.' })
  }
  return document
}

export async function renameDocument(db: Db, input: DocumentAccess & { readonly title: string }): Promise<Document> {
  return db.transaction(async (tx) => {
    await requireEditor(tx, input)
    await tx.execute('update documents set title = $2, updated_at = now() where id = $1', [
      input.documentId,
      input.title,
    ])
    return (await getDocument(tx, input)).document
  })
}

/** Deletes a document with its chunks and vectors; a workflow that still works on it finds nothing and ends. */
export async function deleteDocument(db: Db, input: DocumentAccess): Promise<void> {
  await db.transaction(async (tx) => {
    await requireEditor(tx, input)
    // The row first, as indexing takes it: the other order could deadlock with it, or miss the chunks that it adds.
    await tx.query('select id from documents where id = $1 for update', [input.documentId])
    await removeChunks(tx, input.documentId)
    await tx.execute('delete from documents where id = $1', [input.documentId])
  })
}

/** Queues a finished or failed document for a new run; `document.busy` while one is under way. */
export async function requeueDocument(
  db: Db,
  input: DocumentAccess,
): Promise<{ readonly document: Document; readonly run: number }> {
  return db.transaction(async (tx) => {
    await requireEditor(tx, input)
    const changed = await tx.query(
      `update documents set status = 'queued', run = run + 1, problem = null, progress_done = 0, progress_total = 0,
         updated_at = now()
       where id = $1 and status in ('indexed', 'failed') returning id`,
      [input.documentId],
    )
    if (changed.length === 0)
      throw new AppError('document.busy', { detail: 'Wait until the document is indexed or has failed.' })
    const { document, run } = await getDocument(tx, input)
    return { document, run }
  })
}

/** Which of these documents the user may not read, or that aren't there. */
export async function findUnreadableDocuments(
  db: Db,
  userId: string,
  documentIds: readonly string[],
): Promise<string[]> {
  if (documentIds.length === 0) return []
  const rows = await db.query<{ id: string }>(
    `select wanted.id from unnest($2::uuid[]) as wanted (id)
     where not exists (select 1 from ${readable} where d.id = wanted.id)`,
    [userId, documentIds],
  )
  return rows.map((row) => row.id)
}

/** Which of these documents aren't searchable yet. */
export async function findUnindexedDocuments(db: Db, documentIds: readonly string[]): Promise<string[]> {
  const rows = await db.query<{ id: string }>(
    `select id from documents where id = any($1::uuid[]) and status <> 'indexed'`,
    [documentIds],
  )
  return rows.map((row) => row.id)
}
