// The bus suite on Redis, and what becomes of subscriptions when the connection or the server goes.
import { once } from 'node:events'
import { expect } from 'chai'
import type { Redis } from 'ioredis'
import { AppError } from '../../../domain/errors.ts'
import { SecretValue } from '../../../platform/secret-value.ts'
import { createRedisBus } from '../../../platform/stream/redis-bus.ts'
import { openRedisConnection } from '../../../platform/stream/redis-connection.ts'
import { captureLog, type CapturedLog } from '../../support/captured-log.ts'
import { eventually } from '../../support/eventually.ts'
import { startRedisOrSkip, type TestRedis } from '../../support/redis.ts'
import { busSuite } from './bus-suite.ts'

describe('redis bus', function () {
  this.timeout(60_000)
  let redis: TestRedis
  let connections: Redis[] = []
  let logged: CapturedLog

  const open = () => {
    const url = new SecretValue(redis.url)
    const command = openRedisConnection({ url, role: 'command', log: logged.log })
    const subscriber = openRedisConnection({ url, role: 'subscriber', log: logged.log })
    connections.push(command, subscriber)
    return { bus: createRedisBus({ command, subscriber, log: logged.log }), command, subscriber }
  }

  before(async function () {
    redis = await startRedisOrSkip(this)
  })
  after(() => redis?.stop())
  beforeEach(() => {
    logged = captureLog()
  })
  afterEach(() => {
    for (const connection of connections) connection.disconnect()
    connections = []
  })

  busSuite(async () => {
    const [near, far] = [open().bus, open().bus]
    return {
      near,
      far,
      logged,
      close: async () => {
        await Promise.all([near.close(), far.close()])
      },
    }
  })

  /** Publishes until the first message arrives: messages that come while nobody is subscribed are lost by design. */
  const arrives = async (from: ReturnType<typeof open>, channel: string, messages: readonly unknown[]) => {
    await eventually('a message arrives', async () => {
      await from.bus.publish(channel, 'hello').catch(() => undefined)
      return messages.length > 0
    })
  }

  it('subscribes again after it has lost its connection, to each channel once', async () => {
    const [near, far] = [open(), open()]
    const received: unknown[] = []
    await far.bus.subscribe('kept', (message) => received.push(message))
    const leave = await far.bus.subscribe('left', () => undefined)
    await leave()
    const back = once(far.subscriber, 'ready')
    far.subscriber.disconnect(true)
    await back
    await arrives(near, 'kept', received)
    expect(await near.command.pubsub('NUMSUB', 'cdsa:bus:kept', 'cdsa:bus:left')).to.deep.equal([
      'cdsa:bus:kept',
      1,
      'cdsa:bus:left',
      0,
    ])
  })

  it('works again after the server was killed and started', async () => {
    const [near, far] = [open(), open()]
    const received: unknown[] = []
    await far.bus.subscribe('channel', (message) => received.push(message))
    await redis.restart()
    await arrives(near, 'channel', received)
    expect(received[0]).to.equal('hello')
  })

  describe('while the server is away', () => {
    beforeEach(() => redis.kill())
    afterEach(() => redis.restart())

    it('rejects a publication with service.unavailable, and logs no message', async () => {
      const error = await open()
        .bus.publish('channel', 'canary-message')
        .catch((reason: unknown) => reason)
      expect(error).to.be.instanceOf(AppError).with.property('code', 'service.unavailable')
      expect(logged.lines.join()).not.to.contain('canary')
    })

    it('keeps nobody waiting who subscribes, and delivers once the server is back', async () => {
      const received: unknown[] = []
      await open().bus.subscribe('channel', (message) => received.push(message))
      await redis.start()
      await arrives(open(), 'channel', received)
    })
  })
})
