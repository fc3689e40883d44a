// Finds that the target is ready, and that the current value gets in, before anything is changed anywhere. A late write of
// an abandoned rotation may have locked the current value out: then the abandoned value takes its place first.
import { findVersionsByLabel } from '../../db/vault/version-rows.ts'
import { adoptAbandoned, promotePending } from '../../db/vault/versions.ts'
import { tellOfRotation } from '../../db/vault/tell-of-rotation.ts'
import { AppError } from '../../domain/errors.ts'
import { type OpenRotation, type RotationInput, type RotationPlatform, openRotation } from './open-rotation.ts'
import { currentVersion } from './rotation-values.ts'
import { workflowOf } from '../workflow-of.ts'

/** The abandoned version that the target takes; undefined when it takes none of them. */
export async function findWorkingAbandoned(
  { db }: Pick<RotationPlatform, 'db'>,
  { rotation, rotator, read }: OpenRotation,
): Promise<number | undefined> {
  for (const { version } of await findVersionsByLabel(db, rotation.secretId, 'ABANDONED')) {
    if ((await rotator.probe(await read(version))) === 'works') return version
  }
  return undefined
}

async function adopt({ db }: RotationPlatform, { rotation }: OpenRotation, version: number): Promise<void> {
  await db.transaction(async (tx) => {
    await adoptAbandoned(tx, { secretId: rotation.secretId, version })
    await promotePending(tx, rotation.secretId)
    await tellOfRotation(tx, rotation, { action: 'secret_version.promote', version, ...workflowOf() })
  })
}

/** Throws `rotation.preflight_failed`, `rotation.unsupported_target`, and `rotation.target_unreachable`, which may pass. */
export const createPreflightRotation =
  (platform: RotationPlatform) =>
  async (input: RotationInput): Promise<void> => {
    const open = await openRotation(platform, input)
    // It was under way already when its workflow was lost.
    if (open.rotation.toVersion !== null) return
    const current = await open.read(await currentVersion(platform, open.rotation.secretId))
    try {
      await open.rotator.preflight({ current })
    } catch (error) {
      if (!(error instanceof AppError) || error.code !== 'rotation.preflight_failed') throw error
      const version = await findWorkingAbandoned(platform, open)
      if (version === undefined) throw error
      await adopt(platform, open, version)
      await open.rotator.preflight({ current: await open.read(version) })
    }
  }
