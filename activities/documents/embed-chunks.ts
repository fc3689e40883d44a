// Embeds batches of chunks and keeps the vectors; a batch that is there already costs nothing. A call takes several, as
// long as they are quick: each call reads all chunks, and each is a round trip to Temporal.
import { Context } from '@temporalio/activity'
import { findActiveEmbeddingModel } from '../../db/documents/embedding-models.ts'
import { type DocumentRun, type IngestionSource, findIngestionSource } from '../../db/documents/ingestion.ts'
import { type Chunk } from '../../domain/documents/chunk-types.ts'
import { contextualText } from '../../domain/documents/chunk.ts'
import { AppError } from '../../domain/errors.ts'
import type { Platform } from '../../platform/platform.ts'
import { embeddingBatch, findVectors, readChunks, writeVectors } from '../../platform/parsing/derived.ts'
import { reportProgress } from './report-progress.ts'

type EmbedPlatform = Pick<Platform, 'db' | 'blobs' | 'bus' | 'log' | 'embeddings'>

/** After this long a call begins no further batch, so that what one loses by a crash stays small. */
const callMs = 5_000

interface EmbedInput extends DocumentRun {
  /** The first batch. */
  readonly batch: number
  /** The distance to the next one that is this caller's; none: only the first. */
  readonly every?: number
}

/** Resolves to the batch to go on with, at or past the last one's number when there is none. */
export const createEmbedChunks =
  (platform: EmbedPlatform) =>
  async ({ batch, every, ...run }: EmbedInput): Promise<number> => {
    const source = await findIngestionSource(platform.db, run)
    const row = await findActiveEmbeddingModel(platform.db)
    if (source === undefined) return Number.MAX_SAFE_INTEGER
    if (row === undefined) throw new AppError('internal', { detail: 'No embedding model is recorded.' })
    const chunks = await readChunks(platform.blobs, source)
    const until = performance.now() + callMs
    let next = batch
    do {
      await embedBatch(platform, { source, model: row, chunks, batch: next })
      const done = Math.min((next + 1) * embeddingBatch, chunks.length)
      await reportProgress(platform, run, { status: 'embedding', done, total: chunks.length })
      next += every ?? chunks.length
    } while (next * embeddingBatch < chunks.length && performance.now() < until)
    return next
  }

interface Batch {
  readonly source: IngestionSource
  readonly model: { readonly name: string; readonly dimensions: number }
  readonly chunks: readonly Chunk[]
  readonly batch: number
}

async function embedBatch(
  { blobs, embeddings }: EmbedPlatform,
  { source, model, chunks, batch }: Batch,
): Promise<void> {
  const { cancellationSignal } = Context.current()
  cancellationSignal.throwIfAborted()
  const key = { original: source, model: model.name, batch }
  if ((await findVectors(blobs, key, model.dimensions)) !== undefined) return
  const texts = chunks.slice(batch * embeddingBatch, (batch + 1) * embeddingBatch).map(contextualText)
  const vectors = await (await embeddings.resolve(model.name)).embed(texts, { signal: cancellationSignal })
  await writeVectors(blobs, key, vectors)
}
