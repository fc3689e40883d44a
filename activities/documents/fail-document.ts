// Ends an ingestion as failed, with a problem that says what to change.
import { type DocumentRun, failIngestion } from '../../db/documents/ingestion.ts'
import type { StoredProblem } from '../../domain/errors.ts'
import { announceNotifications } from '../../platform/notifications/announce-notifications.ts'
import type { Platform } from '../../platform/platform.ts'
import { announceDocument } from './report-progress.ts'

export const createFailDocument =
  (platform: Pick<Platform, 'db' | 'bus' | 'log'>) =>
  async ({ problem, ...run }: DocumentRun & { readonly problem: StoredProblem }): Promise<void> => {
    const notified = await failIngestion(platform.db, run, problem)
    await announceDocument(platform, run.documentId)
    await announceNotifications(platform, notified ?? [])
  }
