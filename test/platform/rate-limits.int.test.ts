// Limits that several processes share through Redis, and that hold when it goes.
import { expect } from 'chai'
import type { Redis } from 'ioredis'
import { type RateLimits, createRateLimits } from '../../platform/rate-limits.ts'
import { SecretValue } from '../../platform/secret-value.ts'
import { openRedisConnection } from '../../platform/stream/redis-connection.ts'
import { captureLog } from '../support/captured-log.ts'
import { type TestRedis, startRedisOrSkip } from '../support/redis.ts'
import { newPlatformKeys } from '../support/sign-in-parts.ts'

describe('limits of rates', function () {
  this.timeout(60_000)
  let redis: TestRedis
  let connections: Redis[] = []
  before(async function () {
    redis = await startRedisOrSkip(this)
  })
  after(() => redis?.stop())
  afterEach(() => {
    for (const connection of connections) connection.disconnect()
    connections = []
  })

  async function open(keys = newPlatformKeys()): Promise<RateLimits> {
    const connection = openRedisConnection({ url: new SecretValue(redis.url), role: 'command', log: captureLog().log })
    connections.push(connection)
    await connection.ping()
    return createRateLimits({ redis: connection, keys, factor: 1 })
  }
  const consume = async (limits: RateLimits, times: number, subject: string): Promise<boolean[]> => {
    const exceeded: boolean[] = []
    for (let time = 0; time < times; time += 1)
      exceeded.push((await limits.consume('login-account', subject)).isExceeded)
    return exceeded
  }
  const held = (free: number, over: number): boolean[] => [...Array(free).fill(false), ...Array(over).fill(true)]

  it('count what all processes are asked', async () => {
    const keys = newPlatformKeys()
    const [one, two] = [await open(keys), await open(keys)]
    expect(await consume(one, 6, 'ada')).to.deep.equal(held(6, 0))
    expect(await consume(two, 6, 'ada')).to.deep.equal(held(4, 2))
    expect(await consume(two, 1, 'bob')).to.deep.equal(held(1, 0))
    const { remaining, quota, resetSeconds } = await one.consume('login-account', 'carol')
    expect({ remaining, quota }).to.deep.equal({ remaining: 9, quota: 10 })
    expect(resetSeconds).to.be.within(890, 900)
  })

  it('put no address into Redis', async () => {
    const limits = await open()
    await consume(limits, 1, 'ada@example.org')
    const keys = (await connections[0]?.keys('*')) ?? []
    expect(keys.join(' ')).to.include('cdsa:limit:login-account').and.not.include('ada')
  })

  it('[S10] hold while Redis is away, and while it hangs', async () => {
    const limits = await open()
    await redis.kill()
    expect(await consume(limits, 12, 'ada')).to.deep.equal(held(10, 2))
    await redis.start()
    const others = await open()
    redis.freeze()
    try {
      expect(await consume(others, 12, 'bob')).to.deep.equal(held(10, 2))
    } finally {
      redis.thaw()
    }
  })
})
