// A version's life: deleting hides it and can be undone, destroying removes what is sealed for good. An unmanaged secret's
// only; each function tells whether it has changed anything, because a repeated one doesn't.
import { AppError } from '../../domain/errors.ts'
import type { SecretVersion } from '../../domain/vault/secret.ts'
import type { Db } from '../database.ts'
import { lockSecret, lockUnmanagedSecret } from './secrets.ts'
import { type VersionPlace, getVersion } from './version-rows.ts'

export interface ChangedVersion {
  readonly version: SecretVersion
  readonly changed: boolean
}

const destroyed = (): AppError =>
  new AppError('secret.version_destroyed', { detail: 'What it held is gone. Put a new version.' })

/** Throws `secret.version_destroyed`, and what `lockUnmanagedSecret` does. */
export async function deleteVersion(tx: Db, place: VersionPlace): Promise<ChangedVersion> {
  await lockUnmanagedSecret(tx, place.secretId)
  const { state } = await getVersion(tx, place)
  if (state === 'destroyed') throw destroyed()
  const changed = await tx.execute(
    `update secret_versions set state = 'deleted', deleted_at = now()
     where secret_id = $1 and version = $2 and state = 'active'`,
    [place.secretId, place.version],
  )
  return { version: await getVersion(tx, place), changed: changed > 0 }
}

/** Throws `secret.version_destroyed`: nothing brings a destroyed version back. */
export async function undeleteVersion(tx: Db, place: VersionPlace): Promise<ChangedVersion> {
  await lockSecret(tx, place.secretId)
  const { state } = await getVersion(tx, place)
  if (state === 'destroyed') throw destroyed()
  const changed = await tx.execute(
    `update secret_versions set state = 'active', deleted_at = null
     where secret_id = $1 and version = $2 and state = 'deleted'`,
    [place.secretId, place.version],
  )
  return { version: await getVersion(tx, place), changed: changed > 0 }
}

export async function destroyVersion(tx: Db, place: VersionPlace): Promise<ChangedVersion> {
  await lockUnmanagedSecret(tx, place.secretId)
  await getVersion(tx, place)
  const changed = await tx.execute(
    `update secret_versions set state = 'destroyed', ciphertext = null, wrapped_dek = null, kek_id = null,
       destroyed_at = now() where secret_id = $1 and version = $2 and state <> 'destroyed'`,
    [place.secretId, place.version],
  )
  return { version: await getVersion(tx, place), changed: changed > 0 }
}
