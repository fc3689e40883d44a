// Progress of an ingestion: stored first, then a hint on the bus, so that a follower who misses the hint reads the row.
import { type DocumentRun, type Progress, recordProgress } from '../../db/documents/ingestion.ts'
import type { Platform } from '../../platform/platform.ts'
import { documentChannel } from '../../platform/stream/bus.ts'

export async function announceDocument({ bus, log }: Pick<Platform, 'bus' | 'log'>, documentId: string): Promise<void> {
  await bus.publish(documentChannel(documentId), { documentId }).catch((error: unknown) => {
    log.warn({ err: error, documentId }, 'a document’s change wasn’t announced; followers see it at their next look')
  })
}

export async function reportProgress(
  platform: Pick<Platform, 'db' | 'bus' | 'log'>,
  run: DocumentRun,
  progress: Progress,
): Promise<void> {
  await recordProgress(platform.db, run, progress)
  await announceDocument(platform, run.documentId)
}
