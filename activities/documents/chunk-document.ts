// Cuts a document's elements into chunks and keeps them, in slices: a large document takes seconds, in which the worker's
// other turns and heartbeats must go on.
import { Context } from '@temporalio/activity'
import { type DocumentRun, findIngestionSource } from '../../db/documents/ingestion.ts'
import { chunkElements } from '../../domain/documents/chunk.ts'
import { AppError } from '../../domain/errors.ts'
import { inSlices } from '../../platform/in-slices.ts'
import { countTokens } from '../../platform/llm/tokens.ts'
import type { Platform } from '../../platform/platform.ts'
import { embeddingBatch, readElements, writeChunks } from '../../platform/parsing/derived.ts'
import { reportProgress } from './report-progress.ts'

/** Resolves to the number of batches to embed: none when the document is gone. */
export const createChunkDocument =
  (platform: Pick<Platform, 'db' | 'blobs' | 'bus' | 'log'>) =>
  async (run: DocumentRun): Promise<{ readonly batches: number }> => {
    const source = await findIngestionSource(platform.db, run)
    if (source === undefined) return { batches: 0 }
    const parsed = await readElements(platform.blobs, source)
    await reportProgress(platform, run, { status: 'chunking', done: 0, total: 0, pageCount: parsed.pageCount })
    const { cancellationSignal } = Context.current()
    const chunks = await inSlices(chunkElements(parsed.elements, { countTokens }), cancellationSignal)
    if (chunks.length === 0) throw new AppError('document.no_text', { detail: 'No text was found in the document.' })
    await writeChunks(platform.blobs, source, chunks)
    await reportProgress(platform, run, { status: 'embedding', done: 0, total: chunks.length })
    return { batches: Math.ceil(chunks.length / embeddingBatch) }
  }
