// Retrieval for a turn: the passages of the chat's collections and documents that match the question, among those that
// the chat's owner may read at this moment.
import type { TurnWork } from '../../db/chat/turn-work.ts'
import { findActiveEmbeddingModel } from '../../db/documents/embedding-models.ts'
import { searchChunks } from '../../db/documents/search.ts'
import type { CitablePassage } from '../../domain/chat/citations.ts'
import type { Platform } from '../../platform/platform.ts'

const passagesPerTurn = 8
/** A question longer than this is embedded by its beginning. */
const queryLength = 2_000

export type RetrievedPassage = CitablePassage & { readonly score: number }

/** Best first, numbered from 1; none when the chat has nothing to search. */
export async function retrieve(
  { db, embeddings }: Pick<Platform, 'db' | 'embeddings'>,
  work: Pick<TurnWork, 'ownerId' | 'collectionIds' | 'documentIds'>,
  options: { readonly question: string; readonly signal: AbortSignal },
): Promise<RetrievedPassage[]> {
  if (work.collectionIds.length === 0 && work.documentIds.length === 0) return []
  const row = await findActiveEmbeddingModel(db)
  if (row === undefined) return []
  const query = options.question.slice(0, queryLength)
  const model = await embeddings.resolve(row.name)
  const [vector] = await model.embed([query], { signal: options.signal })
  const found = await searchChunks(db, {
    scope: { userId: work.ownerId, collectionIds: work.collectionIds, documentIds: work.documentIds, combine: 'any' },
    query,
    k: passagesPerTurn,
    mode: 'hybrid',
    model: row,
    vector,
  })
  return found.map((chunk, index) => ({
    marker: index + 1,
    chunkId: chunk.chunkId,
    documentId: chunk.documentId,
    documentTitle: chunk.documentTitle,
    page: chunk.spans.find((span) => span.page !== undefined)?.page ?? null,
    headingPath: chunk.headingPath,
    text: chunk.text,
    spans: chunk.spans,
    score: chunk.score,
  }))
}
