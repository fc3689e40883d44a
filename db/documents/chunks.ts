// A document's chunks with their vectors, replaced as a whole: a reader sees the old set or the new one, never a mix.
import type { Chunk } from '../../domain/documents/chunk-types.ts'
import { type OffsetQuery, type Page, toPage } from '../../domain/resource.ts'
import type { Db } from '../database.ts'
import { newId } from '../ids.ts'
import { type EmbeddingModelRow, findActiveEmbeddingModel } from './embedding-models.ts'
import type { DocumentRun } from './ingestion.ts'
import { notifyOfEnd } from './notify-of-end.ts'
import { encodeArray, encodeVector } from './vector-codec.ts'

/** Rows of one INSERT: bounds the size of its parameters (500 × 1,536 × 4 bytes is 3 MB). */
const rowsPerInsert = 500

export interface NewChunks extends DocumentRun {
  readonly collectionId: string
  readonly chunks: readonly Chunk[]
  /** One for each chunk, in the same order. */
  readonly vectors: readonly Float32Array[]
}

/**
 * Makes a run's chunks the document's own, marks it indexed and notifies of it, in one transaction. Resolves to who is
 * notified; undefined, and changes nothing, when the document is gone, a newer run has begun, or this run has ended already.
 */
export async function replaceChunks(db: Db, input: NewChunks): Promise<readonly string[] | undefined> {
  const model = await findActiveEmbeddingModel(db)
  if (model === undefined) throw new Error('no embedding model is recorded')
  return db.transaction(async (tx) => {
    const owned = await tx.query(
      `select id from documents where id = $1 and run = $2 and status not in ('indexed', 'failed') for update`,
      [input.documentId, input.run],
    )
    if (owned.length === 0) return undefined
    const before = await readLexemes(tx, input.documentId)
    await tx.execute('delete from chunks where document_id = $1', [input.documentId])
    for (let from = 0; from < input.chunks.length; from += rowsPerInsert) await insertChunks(tx, input, model, from)
    await exchangeLexemes(tx, input.documentId, before)
    await tx.execute(
      `update documents set status = 'indexed', chunk_count = $2, progress_done = progress_total,
         problem = null, indexed_at = now(), updated_at = now() where id = $1`,
      [input.documentId, input.chunks.length],
    )
    return notifyOfEnd(tx, input.documentId)
  })
}

async function insertChunks(tx: Db, input: NewChunks, model: EmbeddingModelRow, from: number): Promise<void> {
  const chunks = input.chunks.slice(from, from + rowsPerInsert)
  const ids = chunks.map(() => newId())
  await tx.execute(
    `insert into chunks (id, document_id, collection_id, ordinal, text, heading_path, token_count, spans, tsv)
     select r.id, $1, $2, r.ordinal, r.text, r.heading_path, r.token_count, r.spans,
       setweight(to_tsvector('english', array_to_string(r.heading_path, ' ')), 'B') || to_tsvector('english', r.text)
     from jsonb_to_recordset($3::jsonb)
       as r (id uuid, ordinal int, text text, heading_path text[], token_count int, spans jsonb)`,
    [
      input.documentId,
      input.collectionId,
      JSON.stringify(
        chunks.map((chunk, index) => ({
          id: ids[index],
          ordinal: chunk.ordinal,
          text: chunk.text,
          heading_path: chunk.headingPath,
          token_count: chunk.tokenCount,
          spans: chunk.spans,
        })),
      ),
    ],
  )
  const vectors = input.vectors.slice(from, from + chunks.length)
  const [type] = await tx.query<{ oid: number }>(`select '${model.columnType}'::regtype::oid::int as oid`)
  await tx.execute(
    `insert into ${model.tableName} (chunk_id, document_id, collection_id, embedding)
     select u.id, $1, $2, u.embedding from unnest($3::uuid[], $4::${model.columnType}[]) as u (id, embedding)`,
    [
      input.documentId,
      input.collectionId,
      ids,
      encodeArray(
        vectors.map((vector) => encodeVector(vector, model.columnType)),
        type?.oid ?? 0,
      ),
    ],
  )
}

type ChunkOwner = 'document_id' | 'collection_id'

/** Deletes a document's chunks; their vectors go with them. The caller holds the document's row. */
export async function removeChunks(tx: Db, documentId: string): Promise<void> {
  await subtractLexemes(tx, documentId, 'document_id')
  await tx.execute('delete from chunks where document_id = $1', [documentId])
}

/** The same for all documents of a collection, whose rows it locks first. */
export async function removeCollectionChunks(tx: Db, collectionId: string): Promise<void> {
  await tx.query('select id from documents where collection_id = $1 order by id for update', [collectionId])
  await subtractLexemes(tx, collectionId, 'collection_id')
  await tx.execute('delete from chunks where collection_id = $1', [collectionId])
}

/** In how many of a document's chunks each lexeme stands. */
async function readLexemes(tx: Db, documentId: string): Promise<{ lexeme: string; count: number }[]> {
  return tx.query(
    `select t.lexeme, count(*)::int as count from chunks c, unnest(c.tsv) t where c.document_id = $1 group by t.lexeme`,
    [documentId],
  )
}

/**
 * Keeps, for each lexeme, in how many chunks it stands. A transaction changes these counts in one statement and in one
 * order, so that no two of them can deadlock; what stays the same isn't touched.
 */
async function exchangeLexemes(
  tx: Db,
  documentId: string,
  before: readonly { readonly lexeme: string; readonly count: number }[],
): Promise<void> {
  await tx.execute(
    `insert into lexeme_statistics (lexeme, chunk_count)
     select lexeme, sum(count) from (
       select t.lexeme, count(*) from chunks c, unnest(c.tsv) t where c.document_id = $1 group by t.lexeme
       union all select b.lexeme, -b.count from unnest($2::text[], $3::int[]) as b (lexeme, count)) as changes
     group by lexeme having sum(count) <> 0 order by lexeme
     on conflict (lexeme) do update set chunk_count = lexeme_statistics.chunk_count + excluded.chunk_count`,
    [documentId, before.map(({ lexeme }) => lexeme), before.map(({ count }) => count)],
  )
}

/** Takes all chunks of a document or a collection out of the counts, in the same order. */
async function subtractLexemes(tx: Db, ownerId: string, owner: ChunkOwner): Promise<void> {
  await tx.execute(
    `insert into lexeme_statistics (lexeme, chunk_count)
     select t.lexeme, -count(*) from chunks c, unnest(c.tsv) t where c.${owner} = $1
     group by t.lexeme order by t.lexeme
     on conflict (lexeme) do update set chunk_count = lexeme_statistics.chunk_count + excluded.chunk_count`,
    [ownerId],
  )
}

export interface ChunkView {
  readonly id: string
  readonly ordinal: number
  readonly text: string
  readonly headingPath: readonly string[]
  readonly tokenCount: number
  readonly spans: Chunk['spans']
}

/** A document's chunks in reading order; the cursor is the last chunk's ordinal. The caller has checked the access. */
export async function listChunks(db: Db, documentId: string, { limit, after }: OffsetQuery): Promise<Page<ChunkView>> {
  const rows = await db.query<ChunkView>(
    `select id, ordinal, text, heading_path as "headingPath", token_count as "tokenCount", spans from chunks
     where document_id = $1 and ordinal > $2 order by ordinal limit $3`,
    [documentId, after ?? -1, limit + 1],
  )
  const page = toPage(rows, limit)
  return page.hasMore ? { ...page, nextCursor: String(page.data.at(-1)?.ordinal ?? 0) } : page
}
