// The public keys of the log, for each name that it has had: what a verifier is given, by a way that it trusts.
import { listOrigins } from '../../db/audit/origins.ts'
import type { AuditKey } from '../../domain/audit/views.ts'
import { formatVerifierKey, keyIdOf } from '../../platform/audit/checkpoint-note.ts'
import type { Platform } from '../../platform/platform.ts'

/** The newest origin with the key that signs now comes first. */
export async function listKeys({ db, auditSigner }: Pick<Platform, 'db' | 'auditSigner'>): Promise<AuditKey[]> {
  const origins = await listOrigins(db)
  return origins.flatMap((origin) =>
    auditSigner.publicKeys.map((publicKey): AuditKey => {
      const key = { origin, publicKey }
      const keyId = keyIdOf(key).toString('hex')
      return {
        origin,
        keyId,
        algorithm: 'Ed25519',
        publicKey: publicKey.toString('base64'),
        verifierKey: formatVerifierKey(key),
      }
    }),
  )
}
