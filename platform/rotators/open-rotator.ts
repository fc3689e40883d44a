// The rotator of a policy, for one rotation.
import type { RotationTarget } from '../../domain/vault/rotation-policy.ts'
import { createJwtSigningKeyRotator } from './jwt-signing-key-rotator.ts'
import { createPostgresRotator } from './postgres-rotator.ts'
import { createRandomRotator } from './random-rotator.ts'
import { createRedisAclRotator } from './redis-acl-rotator.ts'
import type { Rotator, RotatorDependencies } from './rotator.ts'
import { createWebhookRotator } from './webhook-rotator.ts'

/** Throws `rotation.preflight_failed` when the credential that the policy refers to hasn't the form that it must have. */
export function openRotator(target: RotationTarget, dependencies: RotatorDependencies): Rotator {
  if (target.rotator === 'random') return createRandomRotator(target.config)
  if (target.rotator === 'postgres') return createPostgresRotator(target.config, dependencies)
  if (target.rotator === 'redis-acl') return createRedisAclRotator(target.config, dependencies)
  if (target.rotator === 'jwt-signing-key') return createJwtSigningKeyRotator(dependencies)
  return createWebhookRotator(target.config, dependencies)
}
