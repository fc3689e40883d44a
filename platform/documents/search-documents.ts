// Search over what a user may read, for whoever asks in their name: the API, and the tool that models call.
import { findActiveEmbeddingModel } from '../../db/documents/embedding-models.ts'
import { type FoundChunk, searchChunks } from '../../db/documents/search.ts'
import type { SearchRequest, SearchResult } from '../../domain/documents/search.ts'
import { AppError } from '../../domain/errors.ts'
import type { Platform } from '../platform.ts'

export interface SearchResponse {
  readonly results: readonly SearchResult[]
  readonly timingsMs: { readonly embed: number; readonly search: number; readonly total: number }
}

/** Who asks: nothing is found that this user may not read. */
interface Searcher {
  readonly userId: string
  readonly signal: AbortSignal
}

export async function searchDocuments(
  { db, embeddings }: Pick<Platform, 'db' | 'embeddings'>,
  { userId, signal }: Searcher,
  request: SearchRequest,
): Promise<SearchResponse> {
  const started = performance.now()
  const row = await findActiveEmbeddingModel(db)
  if (row === undefined) throw new AppError('service.unavailable', { detail: 'No embedding model is recorded yet.' })
  const model = request.mode === 'keyword' ? undefined : await embeddings.resolve(row.name)
  const [vector] = (await model?.embed([request.query], { signal })) ?? []
  const embedded = performance.now()
  const { query, mode, k, collectionIds, documentIds } = request
  const scope = { userId, collectionIds, documentIds, combine: 'all' as const }
  const found = await searchChunks(db, { scope, query, k, mode, model: row, vector })
  const ended = performance.now()
  const round = (ms: number): number => Math.round(ms * 100) / 100
  return {
    results: found.map(toResult),
    timingsMs: { embed: round(embedded - started), search: round(ended - embedded), total: round(ended - started) },
  }
}

function toResult(chunk: FoundChunk): SearchResult {
  const span = chunk.spans.find((candidate) => candidate.page !== undefined)
  return {
    chunkId: chunk.chunkId,
    documentId: chunk.documentId,
    documentTitle: chunk.documentTitle,
    text: chunk.text,
    score: chunk.score,
    scores: {
      ...(chunk.semantic === null ? {} : { semantic: chunk.semantic }),
      ...(chunk.keyword === null ? {} : { keyword: chunk.keyword }),
    },
    page: span?.page ?? null,
    headingPath: [...chunk.headingPath],
    ...(span?.bbox === undefined ? {} : { bbox: [...span.bbox] }),
  }
}
