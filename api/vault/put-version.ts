// A new value of a secret that no rotation policy manages: it becomes the current version, and the old one the previous.
import { getSecret, lockUnmanagedSecret } from '../../db/vault/secrets.ts'
import { findVersionById, getVersion } from '../../db/vault/version-rows.ts'
import { putCurrentVersion, takeVersionNumber } from '../../db/vault/versions.ts'
import { AppError } from '../../domain/errors.ts'
import type { Secret, SecretVersion } from '../../domain/vault/secret.ts'
import type { Context } from '../../platform/platform.ts'
import { SecretValue } from '../../platform/secret-value.ts'
import { audited } from '../audit/audited.ts'

export interface PutVersion {
  readonly secretId: string
  readonly value: string
  /** The version that must be the current one; 0: there must be none. */
  readonly cas?: number | undefined
}

export interface PutResult {
  readonly secret: Secret
  readonly version: SecretVersion
}

/** Invariant: it is asked while the secret is held, so of many writers with the same `cas` one goes on. */
function requireCas({ currentVersion }: Secret, cas: number | undefined): void {
  const current = currentVersion ?? 0
  if (cas === undefined || cas === current) return
  const detail = `The current version is ${current}, not ${cas}: read the value again, and decide on that.`
  throw new AppError('secret.cas_mismatch', { detail })
}

/** A repeat with the same new id finds its version. Throws `secret.cas_mismatch`, `secret.managed`, `secret.deleted`, `vault.sealed`. */
export async function putVersion(context: Context, { secretId, value: given, cas }: PutVersion): Promise<PutResult> {
  const { vault, actor, newResourceId: id } = context
  const value = new SecretValue(given)
  const { pruned: _, ...result } = await audited(
    context,
    async (tx) => {
      const secret = await lockUnmanagedSecret(tx, secretId)
      const existing = await findVersionById(tx, secretId, id)
      if (existing !== undefined) return { secret, version: existing, pruned: undefined }
      requireCas(secret, cas)
      const place = await takeVersionNumber(tx, secretId)
      const sealed = await vault.seal(tx, value, place)
      const pruned = await putCurrentVersion(tx, { id, ...place, ...sealed, createdBy: actor.userId })
      return { secret: await getSecret(tx, secretId), version: await getVersion(tx, place), pruned }
    },
    ({ version: { version }, secret: { path }, pruned }) =>
      pruned === undefined
        ? undefined
        : {
            action: 'secret_version.create',
            outcome: 'success',
            resource: { type: 'secret', id: secretId, version },
            details: { path, pruned },
          },
  ).finally(() => value.zero())
  return result
}
