// What goes wrong with a rotation of the signing key, on real services: a worker that is killed in each stage, replies that
// are lost, repeats, cancels. In the end one key signs, the vault names it, and nothing else is in the JWKS.
import { randomUUID } from 'node:crypto'
import { expect } from 'chai'
import { changeRotationPolicy } from '../../api/vault/change-rotation-policy.ts'
import { createSecret } from '../../api/vault/create-secret.ts'
import { listSigningKeys } from '../../db/auth/signing-keys.ts'
import { leastGraceSeconds } from '../../domain/auth/token-times.ts'
import { putRotationPolicySchema } from '../../domain/vault/rotation-policy.ts'
import { createSigningKeys } from '../../platform/signing-keys.ts'
import { findDebianRoot } from '../support/debian-root.ts'
import { type RotatedSecret, type RotationWorld, startRotationWorld } from '../support/rotation-world.ts'

const environment = { CDSA_ACCESS_TOKEN_SECONDS: '1', CDSA_JWKS_MAX_AGE_SECONDS: '2' }

describe('faults in a rotation of the signing key', function () {
  this.timeout(300_000)
  let world: RotationWorld
  let secret: RotatedSecret

  before(async function () {
    const root = await findDebianRoot()
    if (root === undefined) this.skip()
    world = await startRotationWorld(root, environment)
    const value = await signer()
    const settings = { description: '', tags: [], destinations: [], maxVersions: 10 }
    const { id } = await createSecret(world.context(), { path: `platform/${randomUUID()}`, value, ...settings })
    const graceSeconds = leastGraceSeconds(world.platform.config.tokenTimes)
    const given = { rotator: 'jwt-signing-key', everySeconds: 1_000_000, graceSeconds, config: {} }
    await changeRotationPolicy(world.context(), { secretId: id, policy: putRotationPolicySchema.parse(given) })
    secret = { id, target: world.targets.random, config: {} }
  })
  after(() => world?.stop())

  /** As an instance sees it that starts now. */
  const instance = () => createSigningKeys({ db: world.platform.db, keys: world.platform.keys })
  const signer = async (): Promise<string> => (await instance().current()).kid
  const jwks = async (): Promise<string[]> => (await listSigningKeys(world.platform.db)).map(({ id }) => id)

  async function expectOneKey(): Promise<void> {
    const current = await world.valueOf(secret, 'CURRENT')
    expect(await jwks()).to.deep.equal([current?.value])
    expect(await signer()).to.equal(current?.value)
    expect(await world.valueOf(secret, 'PENDING')).to.equal(undefined)
  }

  const cancel = async (): Promise<void> => {
    await world.platform.temporal.workflow.getHandle(`rotate/${secret.id}`).cancel()
    world.worker().go('on')
  }

  for (const point of ['before createPending', 'after createPending', 'before setTarget', 'after setTarget'] as const) {
    it(`[V17] is taken back by a cancel ${point}, and leaves the old key signing alone`, async () => {
      const before = await signer()
      const reached = world.worker().arm(point)
      const rotation = await world.rotate(secret)
      await reached
      await cancel()
      expect((await world.ended(rotation)).state).to.be.oneOf(['failed', 'rolled_back'])
      expect(await signer()).to.equal(before)
      await expectOneKey()
    })
  }

  it('[V17] completes or is taken back over kills of the worker after the key is made, is published, waits, signs and is followed', async () => {
    const before = await signer()
    const points = [
      'after createPending',
      'after setTarget',
      'before testPending',
      'after finishRotation',
      'before revokeOld',
    ]
    let reached = world.worker().arm(points[0] ?? '')
    const rotation = await world.rotate(secret)
    const end = world.ended(rotation)
    for (const [index] of points.entries()) {
      // Where a busy machine starts workers so slowly that the step’s time is up, it is taken back.
      if (await Promise.race([reached.then(() => false), end.then(() => true)])) break
      await world.worker().kill()
      // Armed before it does anything: it may be at the next point at once.
      reached = (await world.startWorker(points[index + 1])).reached
    }
    const { state } = await end
    expect(state).to.be.oneOf(['completed', 'rolled_back'])
    expect((await signer()) === before, state).to.equal(state === 'rolled_back')
    await expectOneKey()
  })

  it('[V17] makes, publishes and promotes one key when each step runs twice or its reply is lost', async () => {
    const made = async (): Promise<number> => {
      const [row] = await world.platform.db.query<{ count: number }>('select count(*)::int as count from signing_keys')
      return row?.count ?? 0
    }
    const before = await made()
    const steps = [
      ['before createPending', 'twice'],
      ['after setTarget', 'lose'],
      ['after finishRotation', 'lose'],
      ['before revokeOld', 'twice'],
    ] as const
    let reached = world.worker().arm(steps[0][0])
    const rotation = await world.rotate(secret)
    for (const [index, [, how]] of steps.entries()) {
      await reached
      reached = world.worker().arm(steps[index + 1]?.[0] ?? 'never')
      world.worker().go(how)
    }
    expect((await world.ended(rotation)).state).to.equal('completed')
    expect(await made()).to.equal(before + 1)
    await expectOneKey()
  })

  it('[V17] goes on where it stood when the vault’s database is away', async () => {
    const reached = world.worker().arm('before setTarget')
    const rotation = await world.rotate(secret)
    await reached
    await world.vaultDatabase.kill()
    world.worker().go('on')
    await world.vaultDatabase.start()
    expect((await world.ended(rotation)).state).to.be.oneOf(['completed', 'rolled_back'])
    await expectOneKey()
  })
})
