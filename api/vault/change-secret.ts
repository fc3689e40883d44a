// What is done to a secret as a whole: described anew, deleted, restored, purged. Deleting can be taken back for 30 days;
// purging is asked for in a second step, and is one transaction: all of the secret is there, or nothing.
import {
  getSecret,
  lockSecret,
  lockUnmanagedSecret,
  purgeSecret as removeSecret,
  setDeleted,
  updateSecret as storePatch,
} from '../../db/vault/secrets.ts'
import { AppError } from '../../domain/errors.ts'
import type { AuditEventInput } from '../../domain/audit/event.ts'
import type { PatchSecret, Secret } from '../../domain/vault/secret.ts'
import type { Context } from '../../platform/platform.ts'
import { audited } from '../audit/audited.ts'

const eventOf = (action: AuditEventInput['action'], { id, path }: Secret) =>
  ({ action, outcome: 'success', resource: { type: 'secret', id }, details: { path } }) as const

/** Throws `secret.deleted`. Fewer `maxVersions` are pruned to with the next version. */
export async function updateSecret(context: Context, secretId: string, patch: PatchSecret): Promise<Secret> {
  return audited(
    context,
    async (tx) => {
      await lockSecret(tx, secretId)
      return storePatch(tx, secretId, patch)
    },
    (secret) => eventOf('secret.update', secret),
  )
}

/** Throws `secret.managed`, and `secret.deleted` for one that is deleted already. */
export async function deleteSecret(context: Context, secretId: string): Promise<void> {
  await audited(
    context,
    async (tx) => {
      await lockUnmanagedSecret(tx, secretId)
      return setDeleted(tx, secretId, true)
    },
    (secret) => eventOf('secret.delete', secret),
  )
}

/** No change to a secret that isn't deleted. */
export async function restoreSecret(context: Context, secretId: string): Promise<Secret> {
  const { secret } = await audited(
    context,
    async (tx) => {
      const { deletedAt } = await lockSecret(tx, secretId, { deleted: 'allowed' })
      if (deletedAt === null) return { changed: false, secret: await getSecret(tx, secretId) }
      return { changed: true, secret: await setDeleted(tx, secretId, false) }
    },
    ({ changed, secret }) => (changed ? eventOf('secret.restore', secret) : undefined),
  )
  return secret
}

/** Throws `secret.not_deleted`. */
export async function purgeSecret(context: Context, secretId: string): Promise<void> {
  await audited(
    context,
    async (tx) => {
      const secret = await lockSecret(tx, secretId, { deleted: 'allowed' })
      if (secret.deletedAt === null) {
        throw new AppError('secret.not_deleted', { detail: 'Delete the secret first: a purge can’t be taken back.' })
      }
      await removeSecret(tx, secretId)
      return secret
    },
    (secret) => eventOf('secret.purge', secret),
  )
}
