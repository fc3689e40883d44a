// One cell of the fault matrix: a rotation is held before or after one of its five effects, a fault happens there, and in
// the end the invariant must hold. A watcher logs in with the current value all the while.
import { setTimeout as delay } from 'node:timers/promises'
import { destroyVersion } from '../../db/vault/version-states.ts'
import { putVersion } from '../../api/vault/put-version.ts'
import type { StoredRotation } from '../../db/vault/rotations.ts'
import { AppError } from '../../domain/errors.ts'
import type { Rotation } from '../../domain/vault/rotation.ts'
import { probeRotation } from '../../api/vault/rotate-secret.ts'
import { eventually } from './eventually.ts'
import type { TargetName } from './rotation-targets.ts'
import type { RotatedSecret, RotationWorld } from './rotation-world.ts'

const effects = ['createPending', 'setTarget', 'testPending', 'finishRotation', 'revokeOld'] as const
/** `before setTarget`, `after setTarget` … */
export const points = effects.flatMap((effect) => [`before ${effect}`, `after ${effect}`])

export const faults = [
  'worker SIGKILL',
  'vault DB down',
  'target down',
  'reply lost',
  'duplicate',
  'put',
  'destroy',
  'cancel',
] as const
export type Fault = (typeof faults)[number]

export interface Cell {
  readonly target: TargetName
  readonly fault: Fault
  readonly point: string
}

/** A fault that this target, or this point, can't have. */
export const isPossible = ({ target, fault, point }: Cell): boolean =>
  !(fault === 'target down' && target === 'random') && !(fault === 'reply lost' && point.startsWith('before'))

/** How long what is down stays down: long enough for attempts to fail. */
const outageMs = 700

interface Held extends Cell {
  readonly world: RotationWorld
  readonly secret: RotatedSecret
  readonly rotation: Rotation
}

async function requireManaged(work: () => Promise<unknown>): Promise<void> {
  const error = await work().then(
    () => undefined,
    (reason: unknown) => reason,
  )
  if (!(error instanceof AppError) || error.code !== 'secret.managed')
    throw new Error('A managed secret was changed by hand.')
}

/** Of a rotation that is in doubt while its target is away: it is asked to look again once the target is back. */
async function resolveDoubt({ world, secret, rotation }: Held): Promise<void> {
  const settled = async (): Promise<StoredRotation | undefined> => {
    const stored = await world.rotation(rotation.id)
    return stored.endedAt !== null || stored.state === 'in_doubt' ? stored : undefined
  }
  const { state } = await eventually('it has ended or is in doubt', settled, 60_000)
  if (state === 'in_doubt') await probeRotation(world.context(), { secretId: secret.id, rotationId: rotation.id })
}

const happenings: Readonly<Record<Fault, (held: Held) => Promise<void>>> = {
  'worker SIGKILL': async ({ world }) => {
    await world.worker().kill()
    await world.startWorker()
  },
  'vault DB down': async ({ world }) => {
    await world.vaultDatabase.kill()
    world.worker().go('on')
    await delay(outageMs)
    await world.vaultDatabase.start()
  },
  'target down': async (held) => {
    const { world, secret } = held
    await secret.target.kill()
    world.worker().go('on')
    await delay(outageMs)
    await secret.target.start()
    await resolveDoubt(held)
  },
  'reply lost': async ({ world }) => world.worker().go('lose'),
  duplicate: async ({ world }) => world.worker().go('twice'),
  put: async ({ world, secret }) => {
    await requireManaged(() => putVersion(world.context(), { secretId: secret.id, value: 'by hand' }))
    world.worker().go('on')
  },
  destroy: async ({ world, secret }) => {
    await requireManaged(() =>
      world.platform.db.transaction((tx) => destroyVersion(tx, { secretId: secret.id, version: 1 })),
    )
    world.worker().go('on')
  },
  cancel: async ({ world, secret }) => {
    await world.platform.temporal.workflow.getHandle(`rotate/${secret.id}`).cancel()
    world.worker().go('on')
  },
}

/** Logs in with the current value again and again; resolves to how often it was refused while it was the current one. */
function watch(world: RotationWorld, secret: RotatedSecret): { stop(): Promise<number> } {
  const ending = new AbortController()
  let refused = 0
  const current = () => world.valueOf(secret, 'CURRENT').catch(() => undefined)
  const look = async (): Promise<void> => {
    const before = await current()
    if (before === undefined) return
    const taken = await secret.target.takes(before.value, secret.config)
    const after = await current()
    if (taken === false && after?.version === before.version) refused += 1
  }
  const watching = (async () => {
    while (!ending.signal.aborted) {
      await look()
      await delay(50)
    }
  })()
  return {
    stop: async () => {
      ending.abort()
      await watching
      return refused
    },
  }
}

async function findBroken(held: Held, ended: StoredRotation, refused: number): Promise<string | undefined> {
  const { world, secret, target } = held
  const current = await world.valueOf(secret, 'CURRENT')
  if (refused > 0) return `CURRENT was refused ${refused} times`
  if (current === undefined) return 'there is no CURRENT'
  if ((await secret.target.takes(current.value, secret.config)) !== true) return 'CURRENT doesn’t work'
  if ((await world.valueOf(secret, 'PENDING')) !== undefined) return 'PENDING is left'
  const expected = ended.state === 'completed' ? ended.toVersion : 1
  if (current.version !== expected) return `${ended.state}, but CURRENT is version ${current.version}`
  if (ended.state !== 'completed' || target === 'random') return undefined
  const old = await world.valueOfVersion(secret, ended.fromVersion ?? 0)
  return (await secret.target.takes(old, secret.config)) === false ? undefined : 'the old value works'
}

/** Resolves to how the rotation ended, such as `completed`, once the invariant holds and another rotation has worked. Throws otherwise. */
export async function runCell(world: RotationWorld, cell: Cell): Promise<string> {
  const secret = await world.createRotated(cell.target)
  const watcher = watch(world, secret)
  try {
    const reached = world.worker().arm(cell.point)
    const rotation = await world.rotate(secret)
    await reached
    const held = { ...cell, world, secret, rotation }
    await happenings[cell.fault](held)
    const ended = await world.ended(rotation)
    const broken = await findBroken(held, ended, await watcher.stop())
    if (broken !== undefined) throw new Error(`${cell.target}, ${cell.point}, ${cell.fault}: ${broken}.`)
    const next = await world.ended(await world.rotate(secret))
    if (next.state !== 'completed')
      throw new Error(`${cell.target}, ${cell.point}, ${cell.fault}: the next one failed.`)
    return ended.state
  } finally {
    await watcher.stop()
  }
}
