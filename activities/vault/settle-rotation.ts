// Takes a rotation back, or forward: what the target takes now decides, never what the rotation believes to have done.
// First its writing ends, in the row and at the target; a probe before that could be outdated by the next packet.
import { isDatabaseUnavailable } from '../../db/is-database-unavailable.ts'
import { recordDoubt, lockRotation, recordToVersion, stopWriting } from '../../db/vault/rotations.ts'
import { tellOfRotation } from '../../db/vault/tell-of-rotation.ts'
import { abandonPending, adoptAbandoned } from '../../db/vault/versions.ts'
import { AppError, type StoredProblem, toStoredProblem } from '../../domain/errors.ts'
import { rotationInDoubtNotification } from '../../domain/notifications/rotation-notifications.ts'
import { announceNotifications } from '../../platform/notifications/announce-notifications.ts'
import { endRotation } from './end-rotation.ts'
import { type OpenRotation, type RotationInput, type RotationPlatform, openRotation } from './open-rotation.ts'
import { findWorkingAbandoned } from './preflight-rotation.ts'
import { workflowOf } from '../workflow-of.ts'

export interface SettleInput extends RotationInput {
  /** Why it doesn't go on as it was meant to. */
  readonly problem: StoredProblem
}

/** `back`: the old value stays. `forward`: the new value is in use, and must become the current one. */
export type Settlement = 'back' | 'forward' | 'in_doubt'

type Verdict = 'current' | 'pending' | { readonly abandoned: number }

const doubt = (detail: string): AppError => new AppError('rotation.target_unreachable', { detail })

/** Throws while nothing can be told. */
async function askTarget(platform: RotationPlatform, open: OpenRotation): Promise<Verdict> {
  const { current, pending } = await open.readBoth()
  await open.rotator.fence()
  const ofCurrent = await open.rotator.probe(current)
  if (ofCurrent === 'works') {
    // Nobody is to be let in by a value that isn't used: it goes where that doesn't touch the current one.
    if (open.rotator.kind === 'alternating') await open.rotator.revoke({ old: pending, current }).catch(() => undefined)
    return 'current'
  }
  if (ofCurrent === 'unreachable') throw doubt('The target can’t be reached.')
  const ofPending = await open.rotator.probe(pending)
  if (ofPending === 'works') return 'pending'
  if (ofPending === 'unreachable')
    throw doubt('The target refuses the old value, and can’t be asked about the new one.')
  const abandoned = await findWorkingAbandoned(platform, open)
  if (abandoned !== undefined) return { abandoned }
  throw doubt('The target refuses every value that the vault has for it.')
}

async function takeOver({ db }: RotationPlatform, { rotation }: OpenRotation, version: number): Promise<void> {
  await db.transaction(async (tx) => {
    await abandonPending(tx, rotation.secretId)
    await adoptAbandoned(tx, { secretId: rotation.secretId, version })
    await recordToVersion(tx, rotation.id, version)
  })
}

/** Records that nothing is known, and raises the alarm once. */
async function fallInDoubt(platform: RotationPlatform, { rotationId, problem }: SettleInput): Promise<void> {
  const notified = await platform.db.transaction(async (tx) => {
    const rotation = await lockRotation(tx, rotationId)
    if (!(await recordDoubt(tx, rotationId, problem))) return []
    return tellOfRotation(tx, rotation, {
      action: 'rotation.doubt',
      reason: problem.code,
      version: rotation.toVersion,
      ...workflowOf(),
      notify: (secret) => rotationInDoubtNotification(secret, problem),
    })
  })
  await announceNotifications(platform, notified)
}

async function settle(platform: RotationPlatform, input: SettleInput): Promise<Settlement> {
  const { rotationId, problem } = input
  const rotation = await stopWriting(platform.db, rotationId)
  if (rotation.finishedAt !== null) return 'forward'
  if (rotation.endedAt !== null) return 'back'
  if (!rotation.sent) {
    await endRotation(platform, { rotationId, problem })
    return 'back'
  }
  const open = await openRotation(platform, input)
  const verdict = await askTarget(platform, open)
  if (typeof verdict === 'object') await takeOver(platform, open, verdict.abandoned)
  if (verdict !== 'current') return 'forward'
  await endRotation(platform, { rotationId, problem })
  return 'back'
}

const isOwnOutage = (error: unknown): boolean =>
  isDatabaseUnavailable(error) ||
  (error instanceof AppError && ['service.unavailable', 'vault.sealed'].includes(error.code))

/** Never fails for the target's sake: what can't be told is `in_doubt`. Outages of the platform's own are for a retry. */
export const createSettleRotation =
  (platform: RotationPlatform) =>
  async (input: SettleInput): Promise<Settlement> => {
    try {
      return await settle(platform, input)
    } catch (error) {
      if (!(error instanceof AppError) || isOwnOutage(error)) throw error
      await fallInDoubt(platform, { ...input, problem: toStoredProblem(error) })
      return 'in_doubt'
    }
  }

/** Records that a rotation can't be proven to be complete. */
export const createDoubtRotation =
  (platform: RotationPlatform) =>
  (input: SettleInput): Promise<void> =>
    fallInDoubt(platform, input)
