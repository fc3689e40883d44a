// Begins a rotation, or finds the one that is open: a request has made its row already, a schedule makes it here.
import type { Db } from '../../db/database.ts'
import { newId } from '../../db/ids.ts'
import { findRotationPolicy } from '../../db/vault/rotation-policies.ts'
import { type StoredRotation, findOpenRotation, insertRotation } from '../../db/vault/rotations.ts'
import { lockSecret } from '../../db/vault/secrets.ts'
import { tellOfRotation } from '../../db/vault/tell-of-rotation.ts'
import { AppError } from '../../domain/errors.ts'
import type { RotationTrigger } from '../../domain/vault/rotation.ts'
import type { RotationPlatform } from './open-rotation.ts'
import { workflowOf } from '../workflow-of.ts'

export interface BegunRotation {
  readonly rotationId: string
  /** Where to go on: a rotation whose workflow was lost is picked up where it stood. */
  readonly from: 'start' | 'settle' | 'grace'
}

const beganAt = ({ id, finishedAt, mayWrite }: StoredRotation): BegunRotation => ({
  rotationId: id,
  from: finishedAt === null ? (mayWrite ? 'start' : 'settle') : 'grace',
})

async function begin(tx: Db, secretId: string, trigger: RotationTrigger): Promise<BegunRotation | null> {
  await lockSecret(tx, secretId)
  const open = await findOpenRotation(tx, secretId)
  if (open !== undefined) return beganAt(open)
  const policy = await findRotationPolicy(tx, secretId)
  // Whoever asked for it by hand has an open row: there is nothing to do for a request that was done meanwhile.
  if (policy === undefined || trigger === 'manual') return null
  const { target, graceSeconds } = policy
  const rotation = await insertRotation(tx, { id: newId(), secretId, target, graceSeconds, trigger, requestedBy: null })
  await tellOfRotation(tx, rotation, { action: 'rotation.start', version: null, ...workflowOf() })
  return beganAt(rotation)
}

/** Resolves to null when there is nothing to rotate: no policy any more, or no secret. */
export const createBeginRotation =
  ({ db }: Pick<RotationPlatform, 'db'>) =>
  async (input: { readonly secretId: string; readonly trigger: RotationTrigger }): Promise<BegunRotation | null> => {
    try {
      return await db.transaction((tx) => begin(tx, input.secretId, input.trigger))
    } catch (error) {
      if (error instanceof AppError && error.kind !== 'internal' && !error.retryable) return null
      throw error
    }
  }
