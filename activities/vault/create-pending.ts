// Makes the new value and keeps it, encrypted, before the target hears of it: whatever happens then, it isn't lost.
import type { Db } from '../../db/database.ts'
import { newId } from '../../db/ids.ts'
import { lockRotation, recordVersions } from '../../db/vault/rotations.ts'
import { putPendingVersion, takeVersionNumber } from '../../db/vault/versions.ts'
import { AppError } from '../../domain/errors.ts'
import { SecretValue } from '../../platform/secret-value.ts'
import { type RotationInput, type RotationPlatform, openRotation } from './open-rotation.ts'
import { currentVersion } from './rotation-values.ts'

/** Once a rotation: a repeat finds the value that is there. Throws `rotation.superseded`. */
export const createCreatePending =
  (platform: RotationPlatform) =>
  async (input: RotationInput): Promise<void> => {
    const { rotation, rotator, read } = await openRotation(platform, input)
    if (rotation.toVersion !== null) return
    const fromVersion = await currentVersion(platform, rotation.secretId)
    const value = new SecretValue(await rotator.generate({ current: await read(fromVersion) }))
    try {
      await platform.db.transaction((tx) => keep(platform, tx, { rotationId: rotation.id, fromVersion, value }))
    } finally {
      value.zero()
    }
  }

interface NewValue {
  readonly rotationId: string
  readonly fromVersion: number
  readonly value: SecretValue
}

async function keep({ vault }: RotationPlatform, tx: Db, { rotationId, fromVersion, value }: NewValue): Promise<void> {
  const { secretId, toVersion, mayWrite, endedAt } = await lockRotation(tx, rotationId)
  if (toVersion !== null) return
  if (!mayWrite || endedAt !== null) throw new AppError('rotation.superseded')
  const place = await takeVersionNumber(tx, secretId)
  const sealed = await vault.seal(tx, value, place)
  await putPendingVersion(tx, { ...place, ...sealed, id: newId(), createdBy: null })
  await recordVersions(tx, rotationId, { fromVersion, toVersion: place.version })
}
