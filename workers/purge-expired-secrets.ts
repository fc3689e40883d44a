// Secrets that were deleted so long ago that nobody can restore them any more are removed, each with its event.
import { appendAuditEvent } from '../db/audit/events.ts'
import { listExpiredSecrets, lockSecret, purgeSecret } from '../db/vault/secrets.ts'
import { AppError } from '../domain/errors.ts'
import type { Platform } from '../platform/platform.ts'

/** A sealed vault is left as it is. */
export async function purgeExpiredSecrets({ db, vault }: Pick<Platform, 'db' | 'vault'>): Promise<void> {
  const ids = await listExpiredSecrets(db)
  if (ids.length > 0) await vault.requireOpen()
  for (const id of ids) {
    await db
      .transaction(async (tx) => {
        const { path, deletedAt } = await lockSecret(tx, id, { deleted: 'allowed' })
        if (deletedAt === null) return
        await purgeSecret(tx, id)
        const resource = { type: 'secret', id }
        const event = { action: 'secret.purge', outcome: 'success', reason: 'expired' } as const
        await appendAuditEvent(tx, { ...event, actor: { type: 'system' }, resource, details: { path } })
      })
      .catch((error: unknown) => {
        // Another worker's sweep was faster.
        if (!(error instanceof AppError && error.code === 'resource.not_found')) throw error
      })
  }
}
