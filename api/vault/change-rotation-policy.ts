// A secret's rotation policy. From its first policy on, the secret's values are made by rotations alone. The schedule
// follows the row after the commit; what it misses there, the reconciliation brings.
import { deleteRotationPolicy, getRotationPolicy, putRotationPolicy } from '../../db/vault/rotation-policies.ts'
import { getSecret, lockSecret } from '../../db/vault/secrets.ts'
import type { Db } from '../../db/database.ts'
import { AppError } from '../../domain/errors.ts'
import { originOf } from '../../domain/vault/origin.ts'
import { type PutRotationPolicy, referencesOf } from '../../domain/vault/rotation-policy.ts'
import type { Secret } from '../../domain/vault/secret.ts'
import type { Context } from '../../platform/platform.ts'
import { putRotationSchedule, removeRotationSchedule } from '../../platform/temporal/rotation-schedules.ts'
import { audited } from '../audit/audited.ts'
import { requireOnlySigningKey, requireSigningKey } from './require-signing-key.ts'

/** Whoever lets a policy use another secret must be allowed to. */
function requireUse({ actor }: Context, policy: PutRotationPolicy): void {
  if (referencesOf(policy).length === 0 || actor.permissions.has('secret:use')) return
  throw new AppError('auth.forbidden', { detail: 'A policy that refers to a secret needs the permission secret:use.' })
}

/** A webhook is told the values themselves, so they must be bound to it. */
function requireDestination({ destinations }: Secret, policy: PutRotationPolicy): void {
  if (policy.rotator !== 'webhook') return
  const origin = originOf(policy.config.url)
  if (origin !== undefined && destinations.includes(origin)) return
  throw new AppError('secret.destination_refused', {
    detail: `Add ${origin ?? 'the webhook’s origin'} to the secret’s destinations: its values will be sent there.`,
  })
}

interface PutPolicy {
  readonly secretId: string
  readonly policy: PutRotationPolicy
}

async function put(context: Context, tx: Db, { secretId, policy }: PutPolicy): Promise<Secret> {
  const before = await lockSecret(tx, secretId)
  requireDestination(before, policy)
  await requireOnlySigningKey(tx, { secretId, policy })
  await putRotationPolicy(tx, { secretId, updatedBy: context.actor.userId, policy })
  return before
}

/**
 * The next rotation is one interval from now. Throws `auth.forbidden`, `secret.deleted`, `secret.destination_refused`, and
 * of the signing key what `requireSigningKey` and `requireOnlySigningKey` throw.
 */
export async function changeRotationPolicy(context: Context, input: PutPolicy): Promise<Secret> {
  const { secretId, policy } = input
  requireUse(context, policy)
  await requireSigningKey(context, input)
  await audited(
    context,
    (tx) => put(context, tx, input),
    ({ path, rotation }) => ({
      action: rotation === null ? 'rotation_policy.create' : 'rotation_policy.update',
      resource: { type: 'secret', id: secretId },
      details: {
        path,
        rotator: policy.rotator,
        everySeconds: policy.everySeconds,
        graceSeconds: policy.graceSeconds,
      },
    }),
  )
  await putRotationSchedule(context, await getRotationPolicy(context.db, secretId))
  return getSecret(context.db, secretId)
}

/** No effect where there is none. A rotation that is under way goes on; the secret is managed until it has ended. */
export async function removeRotationPolicy(context: Context, secretId: string): Promise<void> {
  await audited(
    context,
    async (tx) => {
      const { path } = await lockSecret(tx, secretId, { deleted: 'allowed' })
      return { path, removed: await deleteRotationPolicy(tx, secretId) }
    },
    ({ path, removed }) =>
      removed
        ? { action: 'rotation_policy.delete', resource: { type: 'secret', id: secretId }, details: { path } }
        : undefined,
  )
  await removeRotationSchedule(context, secretId)
}
