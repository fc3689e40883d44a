// Two passwords of one user on a real Redis or Valkey with an ACL file.
import { Redis } from 'ioredis'
import { expect } from 'chai'
import type { RedisAclConfig } from '../../../domain/vault/rotation-policy.ts'
import { createRedisAclRotator } from '../../../platform/rotators/redis-acl-rotator.ts'
import type { Rotator, RotatorDependencies } from '../../../platform/rotators/rotator.ts'
import { appErrorOf } from '../../support/app-error-of.ts'
import { eventually } from '../../support/eventually.ts'
import { type TestRedis, startRedis, startRedisOrSkip } from '../../support/redis.ts'
import { rotatorDependencies } from '../../support/rotator-target.ts'

const confirm = async (): Promise<void> => undefined
const administrator = { username: 'rotation_admin', password: 'admin-password' }
const users = [
  'user default on nopass ~* &* +@all',
  'user rotation_admin on >admin-password +acl +client +config|get',
  'user app on >first-password ~* +@read +acl|whoami',
  'user silent on >first-password ~* +get',
  'user open on nopass ~* +@read',
]

describe('the redis-acl rotator', function () {
  this.timeout(60_000)
  let redis: TestRedis

  beforeEach(async function () {
    redis = await startRedisOrSkip(this, { appendOnly: false, users })
  })
  afterEach(() => redis.stop())

  const open = (given: Partial<RotatorDependencies> = {}, changed: Partial<RedisAclConfig> = {}): Rotator => {
    const { hostname: host, port } = new URL(redis.url)
    const config = { host, port: Number(port), tls: false, username: 'app', administrator: 'secret://admin' }
    const credential = JSON.stringify(administrator)
    return createRedisAclRotator({ ...config, ...changed }, rotatorDependencies({ credential, ...given }))
  }
  const current = 'first-password'

  async function rotate(rotator: Rotator, old: string): Promise<string> {
    await rotator.preflight({ current: old })
    const pending = await rotator.generate({ current: old })
    await rotator.set({ current: old, pending, confirm })
    await rotator.test({ current: old, pending })
    return pending
  }

  it('[V22] keeps a rotated user’s passwords over a restart of the server', async () => {
    const rotator = open()
    const second = await rotate(rotator, current)
    await redis.restart()
    expect([await rotator.probe(current), await rotator.probe(second)]).to.deep.equal(['works', 'works'])
    await rotator.revoke({ old: current, current: second })
    await redis.restart()
    expect([await rotator.probe(current), await rotator.probe(second)]).to.deep.equal(['refused', 'works'])
  })

  it('[V23] has the old password refused once it is revoked, and its connections ended', async () => {
    const rotator = open()
    const second = await rotate(rotator, current)
    expect(await rotator.probe(current)).to.equal('works')
    const session = new Redis(redis.url, {
      username: 'app',
      password: current,
      retryStrategy: null,
      enableReadyCheck: false,
    })
    session.on('error', () => undefined)
    await session.get('any')
    const ended = new Promise<void>((resolve) => session.on('end', () => resolve()))
    await rotator.revoke({ old: current, current: second })
    await ended
    expect([await rotator.probe(current), await rotator.probe(second)]).to.deep.equal(['refused', 'works'])
    await rotator.revoke({ old: current, current: second })
    const third = await rotate(rotator, second)
    expect(await rotator.probe(third)).to.equal('works')
  })

  it('may set and revoke as often as it likes', async () => {
    const rotator = open()
    const pending = await rotator.generate({ current })
    for (let time = 0; time < 3; time += 1) await rotator.set({ current, pending, confirm })
    await rotator.test({ current, pending })
    const server = new Redis(redis.url)
    const user = (await server.call('ACL', 'GETUSER', 'app')) as { passwords?: string[] } & unknown[]
    server.disconnect()
    expect(JSON.stringify(user).match(/"[0-9a-f]{64}"/g)).to.have.length(2)
  })

  it('takes a user who may not ask for its name as logged in', async () => {
    const rotator = open({}, { username: 'silent' })
    expect(await rotator.probe(await rotate(rotator, current))).to.equal('works')
  })

  it('cuts off a writer that was held up, so that nothing of it lands later', async () => {
    const secretId = '01890000-0000-7000-8000-000000000001'
    const rotator = open({ secretId })
    const pending = await rotator.generate({ current })
    let arrived = (): void => undefined
    let go = (): void => undefined
    const standing = new Promise<void>((resolve) => (arrived = resolve))
    const allowed = new Promise<void>((resolve) => (go = resolve))
    const wait = (): Promise<void> => {
      arrived()
      return allowed
    }
    const writing = appErrorOf(rotator.set({ current, pending, confirm: wait }))
    await standing
    await open({ secretId }).fence()
    go()
    expect((await writing).code).to.equal('rotation.target_unreachable')
    expect(await rotator.probe(pending)).to.equal('refused')
  })

  it('[V20] refuses before it touches anything', async () => {
    const cases: readonly (readonly [Rotator, string, string])[] = [
      [open(), 'wrong', 'The target refuses the secret’s current value.'],
      [open({ credential: JSON.stringify({ ...administrator, password: 'x' }) }), current, 'answered with WRONGPASS'],
      [open({ credential: JSON.stringify({ username: 'app', password: current }) }), current, 'The administrator is'],
      [open({}, { username: 'nobody' }), current, 'The target has no user nobody.'],
      [open({}, { username: 'open' }), current, 'gets in without a password'],
    ]
    const server = new Redis(redis.url)
    const before = await server.call('ACL', 'LIST')
    for (const [rotator, value, detail] of cases) {
      const error = await appErrorOf(rotator.preflight({ current: value }))
      expect(error.code).to.equal('rotation.preflight_failed')
      expect(error.detail).to.include(detail)
    }
    expect(await server.call('ACL', 'LIST')).to.deep.equal(before)
    server.disconnect()
  })

  it('refuses a server without an ACL file', async () => {
    const bare = await startRedis({ appendOnly: false })
    try {
      const server = new Redis(bare.url)
      await server.call('ACL', 'SETUSER', 'rotation_admin', 'on', '>admin-password', '+@all')
      await server.call('ACL', 'SETUSER', 'app', 'on', '>first-password', '+@read')
      server.disconnect()
      const error = await appErrorOf(open({}, { port: Number(new URL(bare.url).port) }).preflight({ current }))
      expect(error.detail).to.include('no ACL file')
    } finally {
      await bare.stop()
    }
  })

  it('calls a server that is away or frozen unreachable, never refused', async () => {
    const rotator = open()
    await redis.kill()
    expect(await rotator.probe(current)).to.equal('unreachable')
    expect((await appErrorOf(rotator.preflight({ current }))).code).to.equal('rotation.target_unreachable')
    await redis.start()
    await eventually('the user is there again', async () => (await rotator.probe(current)) === 'works')
    redis.freeze()
    const ending = new AbortController()
    setTimeout(() => ending.abort(), 200)
    expect(await open({ signal: ending.signal }).probe(current)).to.equal('unreachable')
    redis.thaw()
  })
})
