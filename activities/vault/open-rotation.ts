// What the steps of a rotation start from: its row, and the rotator for its target, whose connections the egress guards.
import { Context } from '@temporalio/activity'
import { type StoredRotation, getRotation } from '../../db/vault/rotations.ts'
import { AppError } from '../../domain/errors.ts'
import type { RotationTarget } from '../../domain/vault/rotation-policy.ts'
import type { Platform } from '../../platform/platform.ts'
import { openRotator } from '../../platform/rotators/open-rotator.ts'
import type { Post, Rotator } from '../../platform/rotators/rotator.ts'
import { readCredential, readVersion } from './rotation-values.ts'

export type RotationPlatform = Pick<Platform, 'db' | 'vault' | 'egress' | 'bus' | 'log' | 'signingKeyStages'>

export interface RotationInput {
  readonly rotationId: string
}

export interface OpenRotation {
  readonly rotation: StoredRotation
  readonly rotator: Rotator
  /** The value of one of the secret's versions. */
  read(version: number): Promise<string>
  /** The versions that a rotation has once it is pending, by their values. Throws `internal` before that. */
  readBoth(): Promise<{ readonly current: string; readonly pending: string }>
}

/** Enough for what a webhook answers. */
const maxAnswerBytes = 64 * 1_024

const createPost =
  ({ egress }: RotationPlatform): Post =>
  async (url, { headers, body, signal }) => {
    const options = { method: 'POST', headers, body, signal, maxBytes: maxAnswerBytes, maxRedirects: 0 }
    const answer = await egress.fetch(url, options)
    return { status: answer.status, body: await answer.text() }
  }

interface RotatorFor {
  readonly target: RotationTarget
  readonly secretId: string
  readonly rotationId: string
}

async function createRotator(platform: RotationPlatform, given: RotatorFor): Promise<Rotator> {
  const { target, secretId, rotationId } = given
  return openRotator(target, {
    connect: (place) => platform.egress.connect(place),
    post: createPost(platform),
    signingKeys: platform.signingKeyStages,
    secretId,
    rotationId,
    credential: await readCredential(platform, target),
    signal: Context.current().cancellationSignal,
  })
}

/** Throws what `readCredential` does. */
export async function openRotation(platform: RotationPlatform, { rotationId }: RotationInput): Promise<OpenRotation> {
  const rotation = await getRotation(platform.db, rotationId)
  const { secretId, fromVersion, toVersion, target } = rotation
  const rotator = await createRotator(platform, { target, secretId, rotationId })
  const read = (version: number): Promise<string> => readVersion(platform, { secretId, version })
  return {
    rotation,
    rotator,
    read,
    readBoth: async () => {
      if (fromVersion === null || toVersion === null)
        throw new AppError('internal', { detail: 'The rotation has no new value yet.' })
      return { current: await read(fromVersion), pending: await read(toVersion) }
    },
  }
}
