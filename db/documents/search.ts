// Search over the chunks that the caller may read: the membership stands in the same statement as the ranking, before
// the top k are taken. Reciprocal rank fusion (Cormack et al. 2009) joins the two rankings of a hybrid search.
import type { ChunkSpan } from '../../domain/documents/chunk-types.ts'
import type { SearchMode } from '../../domain/documents/search.ts'
import type { Db } from '../database.ts'
import type { EmbeddingModelRow } from './embedding-models.ts'
import { encodeVector } from './vector-codec.ts'

/** Where to look. `all`: in these collections and these documents; `any`: in either. Absent means no restriction. */
export interface SearchScope {
  readonly userId: string
  readonly collectionIds?: readonly string[] | undefined
  readonly documentIds?: readonly string[] | undefined
  readonly combine: 'all' | 'any'
}

export interface SearchInput {
  readonly scope: SearchScope
  readonly query: string
  readonly k: number
  readonly mode: SearchMode
  readonly model: EmbeddingModelRow
  /** The query's vector; needed for semantic and hybrid search. */
  readonly vector?: Float32Array | undefined
}

export interface FoundChunk {
  readonly chunkId: string
  readonly documentId: string
  readonly documentTitle: string
  readonly text: string
  readonly headingPath: readonly string[]
  readonly spans: readonly ChunkSpan[]
  readonly score: number
  readonly semantic: number | null
  readonly keyword: number | null
}

/** How many of each ranking are fused. */
const candidates = 50
/** Below this many visible chunks an exact scan is as fast as the index, and loses nothing. */
const exactBelow = 20_000
/** At most this many matches are ranked by an OR of lexemes. */
const keywordPool = 4_000

/** `t` is a table with collection_id and document_id; parameters 1 to 4 are user, collections, documents, combine. */
const visible = (t: string): string => `${t}.collection_id = any(array(
    select m.collection_id from collection_members m where m.user_id = $1))
  and case when $4 = 'any'
    then ${t}.collection_id = any(coalesce($2::uuid[], '{}')) or ${t}.document_id = any(coalesce($3::uuid[], '{}'))
    else ($2::uuid[] is null or ${t}.collection_id = any($2)) and ($3::uuid[] is null or ${t}.document_id = any($3)) end`

/** Nearest by cosine distance. `offset 0` keeps the planner from the approximate index. */
const semanticRanking = (model: EmbeddingModelRow, exact: boolean): string => {
  const distance = `e.embedding <=> $6::${model.columnType}(${model.dimensions})`
  return exact
    ? `vec as materialized (select id, d from (
         select e.chunk_id as id, ${distance} as d from ${model.tableName} e where ${visible('e')} offset 0
       ) s order by d limit ${candidates})`
    : `vec as materialized (select e.chunk_id as id, ${distance} as d
       from ${model.tableName} e where ${visible('e')} order by ${distance} limit ${candidates})`
}

/** All words where some visible chunk has them all, else any of the query's four rarest lexemes. */
const keywordRanking = `
  strict as materialized (select websearch_to_tsquery('english', $5) as q),
  rare as materialized (
    select s.lexeme from unnest(to_tsvector('english', $5)) t join lexeme_statistics s on s.lexeme = t.lexeme
    where s.chunk_count > 0 order by s.chunk_count, s.lexeme limit 4),
  loose as materialized (
    select string_agg('''' || replace(replace(lexeme, '\\', '\\\\'), '''', '''''') || '''', ' | ')::tsquery as q from rare),
  chosen as materialized (
    select case when exists (select 1 from chunks c, strict where c.tsv @@ strict.q and ${visible('c')})
      then strict.q else loose.q end as q from strict, loose),
  pool as materialized (
    select c.id, c.tsv from chunks c, chosen where c.tsv @@ chosen.q and ${visible('c')} limit ${keywordPool}),
  fts as materialized (
    select pool.id, ts_rank_cd(pool.tsv, chosen.q, 1) as r from pool, chosen order by r desc, pool.id limit ${candidates})`

/** For the transaction's own scans of the index: without them a selective filter finds too little. */
const indexSettings = `select set_config('hnsw.ef_search', '100', true), set_config('hnsw.iterative_scan', 'relaxed_order', true)`

/** Stands for the ranking that a mode leaves out; it names the parameter that only that ranking uses. */
const emptyRanking = (name: string, column: string, parameter: string): string =>
  `${name} as materialized (select null::uuid as id, null::float8 as ${column} where ${parameter}::text is null and false)`

const scores: Readonly<Record<SearchMode, string>> = {
  semantic: '1 - v.d',
  keyword: 'f.r',
  hybrid: 'coalesce(1.0 / (60 + v.rank), 0) + coalesce(1.0 / (60 + f.rank), 0)',
}

function searchSql(mode: SearchMode, model: EmbeddingModelRow, exact: boolean): string {
  return `with ${mode === 'keyword' ? emptyRanking('vec', 'd', '$6') : semanticRanking(model, exact)},
    ${mode === 'semantic' ? emptyRanking('fts', 'r', '$5') : keywordRanking},
    v as (select id, d, row_number() over (order by d + 0, id) as rank from vec),
    f as (select id, r, row_number() over (order by r desc, id) as rank from fts),
    top as (
      select id, (${scores[mode]})::float8 as score, (1 - v.d)::float8 as semantic, f.r::float8 as keyword
      from v full join f using (id) where id is not null order by score desc, id limit $7)
    select c.id as "chunkId", c.document_id as "documentId", d.title as "documentTitle", c.text,
      c.heading_path as "headingPath", c.spans, top.score, top.semantic, top.keyword
    from top join chunks c on c.id = top.id join documents d on d.id = c.document_id
    order by top.score desc, c.id`
}

/** The best `k` visible chunks, best first. */
export async function searchChunks(db: Db, input: SearchInput): Promise<FoundChunk[]> {
  const { scope, model, mode } = input
  const isExact = mode === 'keyword' || !model.hnsw || (await countVisible(db, scope)) < exactBelow
  const bind = [
    scope.userId,
    scope.collectionIds ?? null,
    scope.documentIds ?? null,
    scope.combine,
    input.query,
    input.vector === undefined || mode === 'keyword' ? null : encodeVector(input.vector, model.columnType),
    input.k,
  ]
  const run = (tx: Db) => tx.query<FoundChunk>(searchSql(mode, model, isExact), bind)
  if (isExact) return run(db)
  return db.transaction(async (tx) => {
    await tx.query(indexSettings)
    return run(tx)
  })
}

/** How many chunks the scope covers, from the documents' own counts: cheap, and right enough to choose a plan. */
async function countVisible(db: Db, scope: SearchScope): Promise<number> {
  const [row] = await db.query<{ chunks: number }>(
    `select coalesce(sum(t.chunk_count), 0)::int as chunks
     from (select d.collection_id, d.id as document_id, d.chunk_count from documents d where d.status = 'indexed') t
     where ${visible('t')}`,
    [scope.userId, scope.collectionIds ?? null, scope.documentIds ?? null, scope.combine],
  )
  return row?.chunks ?? 0
}
