// Embeds one batch of chunks and keeps the vectors; a batch that is there already costs nothing.
import { Context } from '@temporalio/activity'
import { findActiveEmbeddingModel } from '../../db/documents/embedding-models.ts'
import { type DocumentRun, findIngestionSource } from '../../db/documents/ingestion.ts'
import { contextualText } from '../../domain/documents/chunk.ts'
import { AppError } from '../../domain/errors.ts'
import type { Platform } from '../../platform/platform.ts'
import { embeddingBatch, findVectors, readChunks, writeVectors } from '../../platform/parsing/derived.ts'
import { reportProgress } from './report-progress.ts'

export const createEmbedChunks =
  (platform: Pick<Platform, 'db' | 'blobs' | 'bus' | 'log' | 'embeddings'>) =>
  async ({ batch, ...run }: DocumentRun & { readonly batch: number }): Promise<void> => {
    const source = await findIngestionSource(platform.db, run)
    const row = await findActiveEmbeddingModel(platform.db)
    if (source === undefined) return
    if (row === undefined) throw new AppError('internal', { detail: 'No embedding model is recorded.' })
    const chunks = await readChunks(platform.blobs, source)
    const key = { original: source, model: row.name, batch }
    if ((await findVectors(platform.blobs, key, row.dimensions)) === undefined) {
      const model = await platform.embeddings.resolve(row.name)
      const texts = chunks.slice(batch * embeddingBatch, (batch + 1) * embeddingBatch).map(contextualText)
      const vectors = await model.embed(texts, { signal: Context.current().cancellationSignal })
      await writeVectors(platform.blobs, key, vectors)
    }
    const done = Math.min((batch + 1) * embeddingBatch, chunks.length)
    await reportProgress(platform, run, { status: 'embedding', done, total: chunks.length })
  }
