// After the grace: the target must refuse the old value, and every abandoned one. Only then is the rotation complete.
import type { Db } from '../../db/database.ts'
import { releaseManaged } from '../../db/vault/rotation-policies.ts'
import { lockRotation, recordEnd } from '../../db/vault/rotations.ts'
import { lockSecret } from '../../db/vault/secrets.ts'
import { tellOfRotation } from '../../db/vault/tell-of-rotation.ts'
import { findVersionsByLabel } from '../../db/vault/version-rows.ts'
import { releaseAbandoned } from '../../db/vault/versions.ts'
import { type OpenRotation, type RotationInput, type RotationPlatform, openRotation } from './open-rotation.ts'
import { workflowOf } from '../workflow-of.ts'

async function complete(tx: Db, { rotationId }: RotationInput): Promise<void> {
  const rotation = await lockRotation(tx, rotationId)
  if (rotation.endedAt !== null) return
  await lockSecret(tx, rotation.secretId, { deleted: 'allowed' })
  await releaseAbandoned(tx, rotation.secretId)
  await recordEnd(tx, rotationId, { state: 'completed', problem: null })
  await releaseManaged(tx, rotation.secretId)
  await tellOfRotation(tx, rotation, { action: 'rotation.revoke', version: rotation.fromVersion, ...workflowOf() })
}

async function revokeAll({ db }: RotationPlatform, { rotation, rotator, read, readBoth }: OpenRotation): Promise<void> {
  const values = await readBoth()
  const current = values.pending
  await rotator.revoke({ old: values.current, current })
  for (const { version } of await findVersionsByLabel(db, rotation.secretId, 'ABANDONED')) {
    await rotator.revoke({ old: await read(version), current })
  }
}

/** Throws `rotation.not_revoked` and `rotation.target_unreachable`, which may pass. */
export const createRevokeOld =
  (platform: RotationPlatform) =>
  async (input: RotationInput): Promise<void> => {
    const open = await openRotation(platform, input)
    if (open.rotation.endedAt !== null) return
    await revokeAll(platform, open)
    await platform.db.transaction((tx) => complete(tx, input))
  }
