// What a policy that rotates the platform's own signing key must be, and the secret under it. What is refused here would
// fail at the first rotation, or would sign somebody out.
import { lockFor } from '../../db/advisory-locks.ts'
import type { Db } from '../../db/database.ts'
import { hasOtherSigningKeyRotation } from '../../db/vault/rotation-policies.ts'
import { leastGraceSeconds } from '../../domain/auth/token-times.ts'
import { AppError } from '../../domain/errors.ts'
import type { PutRotationPolicy } from '../../domain/vault/rotation-policy.ts'
import type { Context } from '../../platform/platform.ts'
import { readValue } from './read-value.ts'

interface PolicyOf {
  readonly secretId: string
  readonly policy: PutRotationPolicy
}

/**
 * Throws `request.invalid` for a grace in which tokens of the old key are still good, `rotation.preflight_failed` unless
 * the secret's value names the key that signs, and what reading it throws; nothing for another rotator.
 */
export async function requireSigningKey(context: Context, { secretId, policy }: PolicyOf): Promise<void> {
  if (policy.rotator !== 'jwt-signing-key') return
  const least = leastGraceSeconds(context.config.tokenTimes)
  if (policy.graceSeconds < least) {
    const message = `is at least ${least}: the life of an access token and what clocks may differ by`
    const detail = 'Tokens of the old key would be refused.'
    throw new AppError('request.invalid', { detail, errors: [{ path: 'graceSeconds', message }] })
  }
  const { value } = await readValue(context, { secretId })
  await context.signingKeyStages.requireSigning(value)
}

/** Throws `rotation.signing_key_taken`. The caller holds `lockSecret`. */
export async function requireOnlySigningKey(tx: Db, { secretId, policy }: PolicyOf): Promise<void> {
  if (policy.rotator !== 'jwt-signing-key') return
  await lockFor(tx, 'signingKeys')
  if (!(await hasOtherSigningKeyRotation(tx, secretId))) return
  throw new AppError('rotation.signing_key_taken', { detail: 'Remove the policy of that secret first.' })
}
