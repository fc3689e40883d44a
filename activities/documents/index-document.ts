// Puts a document's chunks and vectors into the index, all at once.
import { replaceChunks } from '../../db/documents/chunks.ts'
import { findActiveEmbeddingModel } from '../../db/documents/embedding-models.ts'
import { type DocumentRun, findIngestionSource } from '../../db/documents/ingestion.ts'
import { AppError } from '../../domain/errors.ts'
import { announceNotifications } from '../../platform/notifications/announce-notifications.ts'
import type { Platform } from '../../platform/platform.ts'
import { embeddingBatch, findVectors, readChunks } from '../../platform/parsing/derived.ts'
import { announceDocument } from './report-progress.ts'

export const createIndexDocument =
  (platform: Pick<Platform, 'db' | 'blobs' | 'bus' | 'log'>) =>
  async (run: DocumentRun): Promise<void> => {
    const source = await findIngestionSource(platform.db, run)
    const model = await findActiveEmbeddingModel(platform.db)
    if (source === undefined || model === undefined) return
    const chunks = await readChunks(platform.blobs, source)
    const vectors: Float32Array[] = []
    for (let batch = 0; batch * embeddingBatch < chunks.length; batch++) {
      const part = await findVectors(platform.blobs, { original: source, model: model.name, batch }, model.dimensions)
      if (part === undefined) throw new AppError('internal', { detail: `Batch ${batch} isn’t embedded.` })
      vectors.push(...part)
    }
    const { collectionId } = source
    const notified = await replaceChunks(platform.db, { ...run, collectionId, chunks, vectors })
    await announceDocument(platform, run.documentId)
    await announceNotifications(platform, notified ?? [])
  }
