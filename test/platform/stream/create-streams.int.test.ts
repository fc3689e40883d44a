// With a Redis URL: two processes share turns and messages, and an outage ends without anybody's doing.
import { expect } from 'chai'
import { Redis } from 'ioredis'
import { AppError } from '../../../domain/errors.ts'
import { SecretValue } from '../../../platform/secret-value.ts'
import { createStreams, type Streams } from '../../../platform/stream/create-streams.ts'
import { createTurnPublisher } from '../../../platform/stream/turn-publisher.ts'
import { captureLog, type CapturedLog } from '../../support/captured-log.ts'
import { eventually } from '../../support/eventually.ts'
import { startRedisOrSkip, type TestRedis } from '../../support/redis.ts'
import { newTurnId, startReader } from './turn-events.ts'

const password = 'canary-password'
const position = { step: 1, attempt: 1 }

describe('streams with Redis', function () {
  this.timeout(60_000)
  let redis: TestRedis
  let logged: CapturedLog
  let opened: Streams[] = []

  const open = (url = redis.url): Streams => {
    const streams = createStreams({ redisUrl: new SecretValue(url), retentionSeconds: 60, log: logged.log })
    opened.push(streams)
    return streams
  }

  before(async function () {
    redis = await startRedisOrSkip(this)
  })
  after(() => redis?.stop())
  beforeEach(() => {
    logged = captureLog()
  })
  afterEach(async () => {
    await Promise.all(opened.map((streams) => streams.close()))
    opened = []
  })

  it('carry turns and messages between processes', async () => {
    const [api, worker] = [open(), open()]
    await Promise.all([api.ping(), worker.ping()])
    const received: unknown[] = []
    await worker.bus.subscribe('channel', (message) => received.push(message))
    await api.bus.publish('channel', 'cancel')
    await eventually('the message arrives', () => received.length === 1)
    const turnId = newTurnId()
    const follower = startReader(api.streams, turnId)
    const publisher = createTurnPublisher({ streams: worker.streams, log: logged.log, turnId, position })
    for (const text of ['a', 'b', 'c']) publisher.publish({ type: 'text.delta', data: { ...position, text } })
    await publisher.publishTerminal({ type: 'turn.cancelled', data: { message: null } })
    const texts = (await follower.done).map(({ event }) => (event.type === 'text.delta' ? event.data.text : ''))
    expect(texts.join('')).to.equal('abc')
  })

  it('[D4] lose no text when Redis is killed and started while a turn is published', async () => {
    const [api, worker] = [open(), open()]
    const turnId = newTurnId()
    const follower = startReader(api.streams, turnId)
    const publisher = createTurnPublisher({ streams: worker.streams, log: logged.log, turnId, position })
    const words = Array.from({ length: 300 }, (_, index) => `word${index} `)
    for (const [index, text] of words.entries()) {
      publisher.publish({ type: 'text.delta', data: { ...position, text } })
      if (index % 100 === 50) await redis.restart()
      else await new Promise((resolve) => setImmediate(resolve))
    }
    await publisher.publishTerminal({ type: 'turn.cancelled', data: { message: null } })
    const texts = (await follower.done).map(({ event }) => (event.type === 'text.delta' ? event.data.text : ''))
    expect(texts.join('')).to.equal(words.join(''))
  })

  it('say that Redis is away, once an outage and connection, and come back by themselves', async () => {
    const streams = open()
    await streams.ping()
    await redis.kill()
    const error = await streams.ping().catch((reason: unknown) => reason)
    expect(error).to.be.instanceOf(AppError).with.property('code', 'service.unavailable')
    const turnId = newTurnId()
    const follower = startReader(streams.streams, turnId)
    await redis.start()
    await eventually('Redis answers', () =>
      streams.ping().then(
        () => true,
        () => false,
      ),
    )
    await eventually('both connections are back', () => logged.withMessage('is back').length === 2)
    expect(logged.withMessage('lost the connection')).to.have.length(2)
    const publisher = createTurnPublisher({ streams: streams.streams, log: logged.log, turnId, position })
    await publisher.publishTerminal({ type: 'turn.cancelled', data: { message: null } })
    expect(await follower.done).to.have.length(1)
  })

  it('log no password, neither a wrong one nor a right one', async () => {
    const administrator = new Redis(redis.url)
    try {
      await administrator.call('ACL', 'SETUSER', 'app', 'on', `>${password}`, '~*', '&*', '+@all')
      const address = redis.url.replace('redis://', '')
      await open(`redis://app:${password}@${address}`).ping()
      const error = await open(`redis://app:${password}-wrong@${address}`)
        .ping()
        .catch((reason: unknown) => reason)
      expect(error).to.be.instanceOf(AppError).with.property('code', 'service.unavailable')
      expect(logged.withMessage('WRONGPASS')).not.to.have.length(0)
      expect(logged.lines.join()).not.to.contain('canary')
    } finally {
      administrator.disconnect()
    }
  })

  it('close while Redis is away', async () => {
    const streams = open()
    await streams.ping()
    await redis.kill()
    const follower = startReader(streams.streams, newTurnId())
    await streams.close()
    expect(await follower.done).to.deep.equal([])
    await redis.start()
  })
})
