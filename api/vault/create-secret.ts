// A new secret with its first version.
import { newId } from '../../db/ids.ts'
import { createSecret as insertSecret, getSecret } from '../../db/vault/secrets.ts'
import { putCurrentVersion, takeVersionNumber } from '../../db/vault/versions.ts'
import type { CreateSecret, Secret } from '../../domain/vault/secret.ts'
import type { Context } from '../../platform/platform.ts'
import { SecretValue } from '../../platform/secret-value.ts'
import { audited } from '../audit/audited.ts'

/** The same id again changes nothing, so a retry is safe. Throws `secret.path_taken` and `vault.sealed`. */
export async function createSecret(context: Context, { value: given, ...input }: CreateSecret): Promise<Secret> {
  const { vault, actor, newResourceId: id } = context
  const value = new SecretValue(given)
  const { secret } = await audited(
    context,
    async (tx) => {
      const made = await insertSecret(tx, { id, ...input, createdBy: actor.userId })
      if (made) {
        const place = await takeVersionNumber(tx, id)
        const sealed = await vault.seal(tx, value, place)
        await putCurrentVersion(tx, { id: newId(), ...place, ...sealed, createdBy: actor.userId })
      }
      return { made, secret: await getSecret(tx, id) }
    },
    ({ made }) =>
      made
        ? {
            action: 'secret.create',
            outcome: 'success',
            resource: { type: 'secret', id, version: 1 },
            details: { path: input.path },
          }
        : undefined,
  ).finally(() => value.zero())
  return secret
}
