// The values that a rotation works with. Each read is on record, committed, before the value is opened.
import { appendAuditEvent } from '../../db/audit/events.ts'
import { recordAccess } from '../../db/vault/access-log.ts'
import { type VersionPlace, getStoredVersion, selectVersion } from '../../db/vault/version-rows.ts'
import { AppError } from '../../domain/errors.ts'
import { type RotationTarget, referencesOf } from '../../domain/vault/rotation-policy.ts'
import { targetAddress } from '../../domain/vault/rotation-target.ts'
import type { Platform } from '../../platform/platform.ts'
import { resolveSecret } from './resolve-secret.ts'
import { workflowOf } from '../workflow-of.ts'

type VaultPlatform = Pick<Platform, 'db' | 'vault'>

/** Throws `secret.no_value`, `vault.sealed`. */
export async function readVersion({ db, vault }: VaultPlatform, place: VersionPlace): Promise<string> {
  const workflow = workflowOf()
  await vault.requireOpen()
  await db.transaction(async (tx) => {
    await recordAccess(tx, { ...place, actorType: 'system', purpose: 'secret.rotate', workflowId: workflow.workflowId })
    await appendAuditEvent(tx, {
      action: 'secret.use',
      outcome: 'success',
      actor: { type: 'system' },
      resource: { type: 'secret', id: place.secretId, version: place.version },
      reason: 'secret.rotate',
      ...workflow,
    })
  })
  const value = await vault.open(await getStoredVersion(db, place))
  try {
    return value.reveal()
  } finally {
    value.zero()
  }
}

/**
 * The value of the secret that a policy refers to, as it is now; empty where there is none. Throws what `resolveSecret`
 * does: also when that secret isn’t bound to the target.
 */
export async function readCredential(platform: VaultPlatform, target: RotationTarget): Promise<string> {
  const [reference] = referencesOf(target)
  const destination = targetAddress(target)
  if (reference === undefined || destination === undefined) return ''
  const value = await resolveSecret(platform, { reference, destination })
  try {
    return value.reveal()
  } finally {
    value.zero()
  }
}

/** Throws `rotation.preflight_failed` when the secret has no current value. */
export async function currentVersion({ db }: Pick<Platform, 'db'>, secretId: string): Promise<number> {
  try {
    return (await selectVersion(db, { secretId })).version
  } catch (error) {
    if (!(error instanceof AppError) || error.kind !== 'not-found') throw error
    throw new AppError('rotation.preflight_failed', { detail: 'The secret has no current value. Put one first.' })
  }
}
