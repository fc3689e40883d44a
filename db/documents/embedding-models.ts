// Which embedding model the vectors are of. Each model has a table of its own, with its own dimensions and index.
import type { Db } from '../database.ts'
import { migrationTransaction } from '../migrate.ts'
import type { VectorColumnType } from './vector-codec.ts'

export interface EmbeddingModelRow {
  readonly id: number
  /** `provider/model`. */
  readonly name: string
  readonly dimensions: number
  readonly tableName: string
  readonly columnType: VectorColumnType
  /** Whether the table has an HNSW index; without one every search is exact. */
  readonly hnsw: boolean
}

const columns = 'id, name, dimensions, table_name as "tableName", column_type as "columnType", hnsw'

/** The model in use; undefined before the first start has recorded one. */
export async function findActiveEmbeddingModel(db: Db): Promise<EmbeddingModelRow | undefined> {
  const [row] = await db.query<EmbeddingModelRow>(`select ${columns} from embedding_models where active`)
  return row
}

/** Above this a vector doesn't fit a page uncompressed, so its storage can't be PLAIN. */
const plainBytes = 7_600
/** halfvec halves the index where vectors are long, at no measurable loss of recall. */
const halfvecAbove = 384

/**
 * Records the first embedding model and makes its table; a model that is recorded already stays.
 * `db` connects as the tables' owner. `embedded`: PGlite builds HNSW too slowly, and searches exactly.
 */
export async function recordEmbeddingModel(
  db: Db,
  model: { readonly name: string; readonly dimensions: number; readonly embedded: boolean },
): Promise<EmbeddingModelRow> {
  return migrationTransaction(db, async (tx) => {
    const existing = await findActiveEmbeddingModel(tx)
    if (existing !== undefined) return existing
    const columnType: VectorColumnType = !model.embedded && model.dimensions > halfvecAbove ? 'halfvec' : 'vector'
    const [row] = await tx.query<EmbeddingModelRow>(
      `insert into embedding_models (name, dimensions, table_name, column_type, hnsw, active)
       values ($1, $2, 'chunk_embeddings_' || nextval(pg_get_serial_sequence('embedding_models', 'id')), $3, $4, true)
       returning ${columns}`,
      [model.name, model.dimensions, columnType, !model.embedded],
    )
    if (row === undefined) throw new Error('insert returned no row')
    await createVectorTable(tx, row)
    return row
  })
}

async function createVectorTable(
  tx: Db,
  { tableName, dimensions, columnType, hnsw }: EmbeddingModelRow,
): Promise<void> {
  const bytes = dimensions * (columnType === 'vector' ? 4 : 2)
  await tx.execute(
    `create table ${tableName} (
       chunk_id uuid primary key references chunks (id) on delete cascade,
       document_id uuid not null,
       collection_id uuid not null,
       embedding ${columnType}(${dimensions}) not null)`,
  )
  if (bytes < plainBytes) await tx.execute(`alter table ${tableName} alter column embedding set storage plain`)
  await tx.execute(`create index ${tableName}_collection on ${tableName} (collection_id)`)
  await tx.execute(`create index ${tableName}_document on ${tableName} (document_id)`)
  if (!hnsw) return
  await tx.execute(
    `create index ${tableName}_hnsw on ${tableName} using hnsw (embedding ${columnType}_cosine_ops) with (m = 16, ef_construction = 64)`,
  )
}
