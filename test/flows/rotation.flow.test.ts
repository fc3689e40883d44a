// Rotations on real services: the whole workflow against a Postgres and a Redis, and what it does when a step goes wrong.
import { expect } from 'chai'
import { probeRotation } from '../../api/vault/rotate-secret.ts'
import { changeRotationPolicy } from '../../api/vault/change-rotation-policy.ts'
import { listNotifications } from '../../db/notifications/notifications.ts'
import { putRotationPolicySchema } from '../../domain/vault/rotation-policy.ts'
import { appErrorOf } from '../support/app-error-of.ts'
import { findDebianRoot } from '../support/debian-root.ts'
import { eventually } from '../support/eventually.ts'
import { type RotationWorld, startRotationWorld } from '../support/rotation-world.ts'

describe('rotation', function () {
  this.timeout(180_000)
  let world: RotationWorld

  before(async function () {
    const root = await findDebianRoot()
    if (root === undefined) this.skip()
    world = await startRotationWorld(root)
  })
  after(() => world?.stop())

  for (const name of ['random', 'postgres', 'redis-acl'] as const) {
    it(`[V23] rotates a secret of ${name} three times, and has each old value refused`, async () => {
      const secret = await world.createRotated(name)
      for (let time = 0; time < 3; time += 1) {
        const before = await world.valueOf(secret, 'CURRENT')
        const ended = await world.ended(await world.rotate(secret))
        const after = await world.valueOf(secret, 'CURRENT')
        expect(ended).to.include({ state: 'completed', fromVersion: before?.version, toVersion: after?.version })
        expect(after?.value).not.to.equal(before?.value)
        expect(await secret.target.takes(after?.value ?? '', secret.config)).to.equal(true)
        if (name !== 'random') expect(await secret.target.takes(before?.value ?? '', secret.config)).to.equal(false)
      }
    })
  }

  it('[V18] rolls forward when the reply to the set is lost', async () => {
    const secret = await world.createRotated('postgres')
    const reached = world.worker().arm('after setTarget')
    const rotation = await world.rotate(secret)
    await reached
    world.worker().go('lose')
    expect((await world.ended(rotation)).state).to.equal('completed')
  })

  it('[V19] makes one run of many triggers', async () => {
    const secret = await world.createRotated('redis-acl')
    const reached = world.worker().arm('before setTarget')
    const rotations = await Promise.all(Array.from({ length: 10 }, () => world.rotate(secret)))
    expect(new Set(rotations.map(({ id }) => id)).size).to.equal(1)
    await reached
    const again = await world.rotate(secret)
    world.worker().go('on')
    expect((await world.ended(again)).state).to.equal('completed')
    expect((await world.valueOf(secret, 'CURRENT'))?.version).to.equal(2)
  })

  it('[V20] leaves the target alone when the preflight fails', async () => {
    const secret = await world.createRotated('postgres')
    const roles = secret.config['roles'] as string[]
    const config = { ...secret.config, roles: [roles[1], 'nobody'] }
    const policy = putRotationPolicySchema.parse({ rotator: 'postgres', everySeconds: 1_000, config })
    await changeRotationPolicy(world.context(), { secretId: secret.id, policy })
    const ended = await world.ended(await world.rotate(secret))
    expect(ended).to.include({ state: 'failed', toVersion: null, sent: false })
    expect(ended.problem?.code).to.equal('rotation.preflight_failed')
    const current = await world.valueOf(secret, 'CURRENT')
    expect(await secret.target.takes(current?.value ?? '', secret.config)).to.equal(true)
    const userId = world.context().actor.userId
    const { data } = await listNotifications(world.platform.db, userId, { limit: 20 })
    expect(data.map(({ kind }) => kind)).to.include('secret.rotation_failed')
  })

  it('falls in doubt when the target goes away, and is resolved by a probe', async () => {
    const secret = await world.createRotated('redis-acl')
    const reached = world.worker().arm('after setTarget')
    const rotation = await world.rotate(secret)
    await reached
    const notInDoubt = { secretId: secret.id, rotationId: rotation.id }
    expect((await appErrorOf(probeRotation(world.context(), notInDoubt))).code).to.equal('rotation.not_in_doubt')
    await secret.target.kill()
    world.worker().go('on')
    await eventually('it is in doubt', async () => (await world.rotation(rotation.id)).state === 'in_doubt', 60_000)
    expect(await world.valueOf(secret, 'PENDING')).not.to.equal(undefined)
    await secret.target.start()
    await probeRotation(world.context(), { secretId: secret.id, rotationId: rotation.id })
    const ended = await world.ended(rotation)
    expect(ended.state).to.equal('rolled_back')
    const current = await world.valueOf(secret, 'CURRENT')
    expect(current?.version).to.equal(1)
    expect(await secret.target.takes(current?.value ?? '', secret.config)).to.equal(true)
    expect((await world.ended(await world.rotate(secret))).state).to.equal('completed')
  })
})
