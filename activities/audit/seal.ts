// Seals the audit log up to now: batch by batch, a heartbeat where nothing has happened, and a signature over the result.
import { appendHeartbeat, sealBatch, signNewestRoot } from '../../platform/audit/seal.ts'
import type { Platform } from '../../platform/platform.ts'
import type { SealAuditInput, SealAuditResult } from '../../domain/audit/sealing.ts'

type SealPlatform = Pick<Platform, 'db' | 'config' | 'auditSigner'>

async function sealAll({ db, config }: SealPlatform): Promise<{ readonly sealed: number; readonly size: number }> {
  const { generation } = config.audit
  let sealed = 0
  for (;;) {
    const batch = await sealBatch(db, { generation })
    sealed += batch.sealed
    if (!batch.more) return { sealed, size: batch.size }
  }
}

/** Safe to repeat and to run many times at once. Throws `audit.checkpoint_refused`. */
export const createSealAudit =
  (platform: SealPlatform) =>
  async ({ emptySeconds }: SealAuditInput): Promise<SealAuditResult> => {
    let result = await sealAll(platform)
    if (result.sealed === 0 && (await appendHeartbeat(platform.db, emptySeconds))) result = await sealAll(platform)
    await signNewestRoot(platform.db, platform.auditSigner)
    return result
  }
