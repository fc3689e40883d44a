// The new value becomes the current one: labels, the log's event and the notification in one transaction.
import { promoteRotationKey } from '../../db/auth/signing-key-stages.ts'
import type { Db } from '../../db/database.ts'
import { setPolicyPaused } from '../../db/vault/rotation-policies.ts'
import { type StoredRotation, lockRotation, recordFinish } from '../../db/vault/rotations.ts'
import { lockSecret } from '../../db/vault/secrets.ts'
import { tellOfRotation } from '../../db/vault/tell-of-rotation.ts'
import { promotePending } from '../../db/vault/versions.ts'
import { reloadSeconds } from '../../domain/auth/token-times.ts'
import { AppError } from '../../domain/errors.ts'
import { rotatedNotification } from '../../domain/notifications/rotation-notifications.ts'
import { announceNotifications } from '../../platform/notifications/announce-notifications.ts'
import type { Platform } from '../../platform/platform.ts'
import type { RotationInput } from './open-rotation.ts'
import { workflowOf } from '../workflow-of.ts'

type FinishPlatform = Pick<Platform, 'db' | 'bus' | 'log' | 'config'>

interface Finished {
  readonly rotation: StoredRotation
  readonly notified: readonly string[]
}

async function finish({ config }: FinishPlatform, tx: Db, { rotationId }: RotationInput): Promise<Finished> {
  const before = await lockRotation(tx, rotationId)
  if (before.finishedAt !== null) return { rotation: before, notified: [] }
  await lockSecret(tx, before.secretId, { deleted: 'allowed' })
  const version = await promotePending(tx, before.secretId)
  if (before.endedAt !== null || version === undefined || version !== before.toVersion)
    throw new AppError('rotation.superseded')
  const rotation = await recordFinish(tx, rotationId)
  // Every instance has read the moment by then, so that all of them change over together.
  if (before.target.rotator === 'jwt-signing-key')
    await promoteRotationKey(tx, { rotationId, afterSeconds: reloadSeconds(config.tokenTimes) })
  if (before.trigger === 'manual') await setPolicyPaused(tx, before.secretId, false)
  const event = { action: 'secret.rotate', version, ...workflowOf(), notify: rotatedNotification } as const
  return { rotation, notified: await tellOfRotation(tx, rotation, event) }
}

/** Resolves to how long the old value may still be used, in milliseconds from now. Throws `rotation.superseded`. */
export const createFinishRotation =
  (platform: FinishPlatform) =>
  async (input: RotationInput): Promise<{ readonly graceMs: number }> => {
    const { rotation, notified } = await platform.db.transaction((tx) => finish(platform, tx, input))
    await announceNotifications(platform, notified)
    return { graceMs: Math.max(0, (rotation.graceUntil?.getTime() ?? 0) - Date.now()) }
  }
