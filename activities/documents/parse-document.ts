// Parses an original in a guarded process of its own and keeps the elements. A parser that hangs is ended by its own
// limits, not by the server's.
import { Context } from '@temporalio/activity'
import { type DocumentRun, type IngestionSource, findIngestionSource } from '../../db/documents/ingestion.ts'
import type { ParsedDocument } from '../../domain/documents/element.ts'
import { parseDocument } from '../../platform/parsing/parse-document.ts'
import type { Platform } from '../../platform/platform.ts'
import { findElements, writeElements } from '../../platform/parsing/derived.ts'
import { reportProgress } from './report-progress.ts'

/** Resolves to null when there is nothing to do: the document is gone, or a newer run has begun. */
export const createParseDocument =
  (platform: Pick<Platform, 'db' | 'blobs' | 'bus' | 'log'>) =>
  async (run: DocumentRun): Promise<{ readonly pages: number | null } | null> => {
    const source = await findIngestionSource(platform.db, run)
    if (source === undefined) return null
    const kept = await findElements(platform.blobs, source)
    if (kept !== undefined) return { pages: kept.pageCount ?? null }
    await reportProgress(platform, run, { status: 'parsing', done: 0, total: 0 })
    const parsed = await parse(platform, run, source)
    await writeElements(platform.blobs, source, parsed)
    return { pages: parsed.pageCount ?? null }
  }

async function parse(
  platform: Pick<Platform, 'db' | 'blobs' | 'bus' | 'log'>,
  run: DocumentRun,
  { sha256, mediaType }: IngestionSource,
): Promise<ParsedDocument> {
  const onProgress = ({ page, totalPages }: { readonly page: number; readonly totalPages?: number }): void => {
    reportProgress(platform, run, { status: 'parsing', done: page, total: totalPages ?? page }).catch(
      (error: unknown) => {
        platform.log.warn({ err: error, ...run }, 'the progress of a parser wasn’t recorded')
      },
    )
  }
  const path = await platform.blobs.localPath(sha256)
  return parseDocument({ path, mediaType, signal: Context.current().cancellationSignal, onProgress })
}
