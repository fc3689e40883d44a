// Ends a rotation without a new value. A pending value that was never sent goes; one that was may still arrive, so it stays
// as an abandoned one until a later rotation is proven.
import { withdrawRotationKey } from '../../db/auth/signing-key-stages.ts'
import type { Db } from '../../db/database.ts'
import { releaseManaged, setPolicyPaused } from '../../db/vault/rotation-policies.ts'
import { lockRotation, recordEnd } from '../../db/vault/rotations.ts'
import { lockSecret } from '../../db/vault/secrets.ts'
import { tellOfRotation } from '../../db/vault/tell-of-rotation.ts'
import { abandonPending, dropPending } from '../../db/vault/versions.ts'
import type { StoredProblem } from '../../domain/errors.ts'
import { rotationFailedNotification } from '../../domain/notifications/rotation-notifications.ts'
import { announceNotifications } from '../../platform/notifications/announce-notifications.ts'
import type { RotationInput, RotationPlatform } from './open-rotation.ts'
import { workflowOf } from '../workflow-of.ts'

interface EndInput extends RotationInput {
  readonly problem: StoredProblem
}

async function end(tx: Db, { rotationId, problem }: EndInput): Promise<string[]> {
  const rotation = await lockRotation(tx, rotationId)
  if (rotation.endedAt !== null || rotation.finishedAt !== null) return []
  const { secretId, sent, toVersion, trigger } = rotation
  await lockSecret(tx, secretId, { deleted: 'allowed' })
  await withdrawRotationKey(tx, rotationId)
  if (toVersion !== null) await (sent ? abandonPending(tx, secretId) : dropPending(tx, secretId))
  await recordEnd(tx, rotationId, { state: toVersion === null ? 'failed' : 'rolled_back', problem })
  if (trigger === 'schedule') await setPolicyPaused(tx, secretId, true)
  await releaseManaged(tx, secretId)
  return tellOfRotation(tx, rotation, {
    action: 'rotation.fail',
    reason: problem.code,
    version: rotation.fromVersion,
    ...workflowOf(),
    notify: (secret) => rotationFailedNotification(secret, problem),
  })
}

/** Ended as `failed` before there was a new value, as `rolled_back` after; no effect on one that has ended. */
export async function endRotation(
  platform: Pick<RotationPlatform, 'db' | 'bus' | 'log'>,
  input: EndInput,
): Promise<void> {
  const notified = await platform.db.transaction((tx) => end(tx, input))
  await announceNotifications(platform, notified)
}
