// Logs in with the new value, and finds that it may do what the old one may.
import { recordStage } from '../../db/vault/rotations.ts'
import { type RotationInput, type RotationPlatform, openRotation } from './open-rotation.ts'

/** Throws `rotation.test_failed`, and `rotation.target_unreachable`, which may pass. */
export const createTestPending =
  (platform: RotationPlatform) =>
  async (input: RotationInput): Promise<void> => {
    const { rotation, rotator, readBoth } = await openRotation(platform, input)
    if (rotation.finishedAt !== null) return
    await rotator.test(await readBoth())
    await recordStage(platform.db, rotation.id, 'tested')
  }
