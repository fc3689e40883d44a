// Makes the target take the new value. That it may have been sent is committed first, so that nobody forgets it.
import { recordSent, recordStage, requireWritable } from '../../db/vault/rotations.ts'
import { type RotationInput, type RotationPlatform, openRotation } from './open-rotation.ts'

/** Throws `rotation.set_refused`, `rotation.superseded`, and `rotation.target_unreachable`, which may pass. */
export const createSetTarget =
  (platform: RotationPlatform) =>
  async (input: RotationInput): Promise<void> => {
    const { db } = platform
    const { rotation, rotator, readBoth } = await openRotation(platform, input)
    if (rotation.finishedAt !== null) return
    const values = await readBoth()
    await recordSent(db, rotation.id)
    await rotator.set({ ...values, confirm: () => requireWritable(db, rotation.id) })
    await recordStage(db, rotation.id, 'set')
  }
