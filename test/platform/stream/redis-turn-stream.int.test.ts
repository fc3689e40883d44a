// The conformance suite on Redis, and what only Redis promises: lost messages, lost connections, subscriptions, expiry.
import { once } from 'node:events'
import { expect } from 'chai'
import * as fc from 'fast-check'
import { eventually } from '../../support/eventually.ts'
import { captureLog, type CapturedLog } from '../../support/captured-log.ts'
import { startWire, type Wire } from '../../support/wire.ts'
import { startRedisOrSkip, type TestRedis } from '../../support/redis.ts'
import { turnChannel } from '../../../platform/stream/redis-turn-store.ts'
import { historyArbitrary, runHistory } from './interleavings.ts'
import { openRedisProcess, type RedisProcess, type RedisProcessOptions } from './redis-streams.ts'
import { delta, deltas, idsOf, newTurnId, startReader, terminal } from './turn-events.ts'
import { turnStreamSuite } from './turn-stream-suite.ts'

/** Longer than any test: what is right without the tail check must be right by itself. */
const never = 3_600_000

describe('redis turn stream', function () {
  this.timeout(60_000)
  let redis: TestRedis
  let logged: CapturedLog
  let opened: RedisProcess[]
  let wires: Wire[]

  const open = (options: Partial<RedisProcessOptions> = {}): RedisProcess => {
    const process = openRedisProcess({ url: redis.url, log: logged.log, tailCheckMs: never, ...options })
    opened.push(process)
    return process
  }
  /** Loses the connection; resolves while it's down. */
  const cut = async (connection: RedisProcess['subscriber']): Promise<void> => {
    const down = once(connection, 'reconnecting')
    connection.disconnect(true)
    await down
  }

  const subscribers = async (command: RedisProcess['command'], turnId: string): Promise<unknown> =>
    (await command.pubsub('NUMSUB', turnChannel(turnId)))[1]

  before(async function () {
    redis = await startRedisOrSkip(this)
  })
  after(() => redis?.stop())
  beforeEach(() => {
    logged = captureLog()
    opened = []
    wires = []
  })
  afterEach(async () => {
    await Promise.all(opened.map((process) => process.close()))
    await Promise.all(wires.map((wire) => wire.close()))
  })

  describe('as any turn stream', () => {
    turnStreamSuite(async ({ retentionMs }) => {
      const [writer, reader] = [open({ retentionMs }), open({ retentionMs })]
      return {
        writer: writer.streams,
        reader: reader.streams,
        close: async () => {
          await Promise.all([writer.close(), reader.close()])
        },
      }
    })

    it('gives each id once and in order, whatever the interleaving of appends, reads and reconnections', async () => {
      const wire = await startWire(redis.url)
      wires.push(wire)
      const [writer, reader] = [open(), open({ url: wire.url })]
      await fc.assert(
        fc.asyncProperty(historyArbitrary, (history) =>
          runHistory({ writer: writer.streams, reader: reader.streams }, history, wire.cut),
        ),
        { numRuns: 60 },
      )
    })
  })

  describe('when messages are lost', () => {
    it('reads again what was published while the subscriber was away', async () => {
      const [writer, reader] = [open(), open()]
      const turnId = newTurnId()
      const follower = startReader(reader.streams, turnId)
      await writer.streams.append(turnId, deltas(1_001, 1, 3))
      await follower.reached(3)
      await cut(reader.subscriber)
      await writer.streams.append(turnId, deltas(1_001, 4, 600))
      expect(reader.subscriber.status).not.to.equal('ready')
      await follower.reached(600)
      expect(idsOf(follower.entries)).to.deep.equal(idsOf(deltas(1_001, 1, 600)))
      // The subscription is alive again: with no tail check, only a message can bring this one.
      await eventually('the subscription is back', () => reader.subscriber.status === 'ready')
      await writer.streams.append(turnId, [terminal])
      await follower.done
    })

    it('sees a gap by the next message', async () => {
      const [writer, reader] = [open(), open()]
      const turnId = newTurnId()
      const follower = startReader(reader.streams, turnId)
      await writer.streams.append(turnId, [delta(1_001, 1)])
      await follower.reached(1)
      await writer.command.xadd(turnChannel(turnId), '1001-2', 'event', JSON.stringify(delta(1_001, 2).event))
      await writer.streams.append(turnId, [delta(1_001, 3), terminal])
      expect(idsOf(await follower.done)).to.deep.equal(idsOf([...deltas(1_001, 1, 3), terminal]))
    })

    it('reads what was published while Redis was subscribing', async () => {
      const wire = await startWire(redis.url)
      wires.push(wire)
      const [writer, reader] = [open(), open({ subscriberUrl: wire.url })]
      await reader.subscriber.ping()
      wire.hold()
      const turnId = newTurnId()
      await writer.streams.append(turnId, [delta(1_001, 1)])
      const follower = startReader(reader.streams, turnId)
      await follower.reached(1)
      await writer.streams.append(turnId, [terminal])
      wire.release()
      expect(idsOf(await follower.done)).to.deep.equal(idsOf([delta(1_001, 1), terminal]))
    })

    it('finds the last entry without its message by the tail check', async () => {
      const [writer, reader] = [open(), open({ tailCheckMs: 20 })]
      const turnId = newTurnId()
      const follower = startReader(reader.streams, turnId)
      await eventually('the turn is subscribed', async () => (await subscribers(writer.command, turnId)) === 1)
      await writer.streams.append(turnId, [delta(1_001, 1)])
      await follower.reached(1)
      await writer.streams.append(turnId, [delta(1_001, 2)])
      await follower.reached(2)
      await writer.command.xadd(turnChannel(turnId), '9000000-2', 'event', JSON.stringify(terminal.event))
      expect(idsOf(await follower.done)).to.deep.equal(idsOf([...deltas(1_001, 1, 2), terminal]))
    })

    it('replaces a subscriber’s socket that has died without a word', async () => {
      const wire = await startWire(redis.url)
      wires.push(wire)
      const [writer, reader] = [open(), open({ subscriberUrl: wire.url, tailCheckMs: 200 })]
      const turnId = newTurnId()
      const follower = startReader(reader.streams, turnId)
      await writer.streams.append(turnId, [delta(1_001, 1)])
      await follower.reached(1)
      // Nothing is under way on the subscriber's socket, so nothing but the tail check can find it dead.
      await eventually('the turn is subscribed', async () => (await subscribers(writer.command, turnId)) === 1)
      await reader.subscriber.ping()
      const replaced = new Promise((resolve) => reader.subscriber.once('ready', resolve))
      wire.hold()
      await replaced
      await writer.streams.append(turnId, [terminal])
      await follower.done
    })

    it('ignores a message that isn’t an entry', async () => {
      const [writer, reader] = [open(), open()]
      const turnId = newTurnId()
      const follower = startReader(reader.streams, turnId)
      await writer.streams.append(turnId, [delta(1_001, 1)])
      await follower.reached(1)
      await writer.command.publish(turnChannel(turnId), 'nonsense')
      await writer.streams.append(turnId, [terminal])
      expect(idsOf(await follower.done)).to.deep.equal(idsOf([delta(1_001, 1), terminal]))
    })
  })

  describe('subscriptions and expiry', () => {
    it('shares one subscription between the readers of a turn, and gives it up with the last of them', async () => {
      const [writer, reader] = [open(), open()]
      const turnId = newTurnId()
      const readers = Array.from({ length: 20 }, () => startReader(reader.streams, turnId))
      await eventually('the turn is subscribed', async () => (await subscribers(writer.command, turnId)) === 1)
      await writer.streams.append(turnId, [delta(1_001, 1)])
      await Promise.all(readers.map((each) => each.reached(1)))
      for (const each of readers.slice(1)) each.abort()
      await Promise.all(readers.slice(1).map(({ done }) => done))
      expect(await subscribers(writer.command, turnId)).to.equal(1)
      readers[0]?.abort()
      await readers[0]?.done
      await eventually('nobody is subscribed', async () => (await subscribers(writer.command, turnId)) === 0)
    })

    it('gives the subscription up when a reader leaves in the middle', async () => {
      const { streams, command } = open()
      const turnId = newTurnId()
      await streams.append(turnId, deltas(1_001, 1, 5))
      for await (const { id } of streams.read(turnId, { signal: new AbortController().signal })) {
        if (id.sequence === 2) break
      }
      await eventually('nobody is subscribed', async () => (await subscribers(command, turnId)) === 0)
    })

    it('lets an abandoned stream expire within days, and a finished one after the retention, latecomers or not', async () => {
      const { streams, command } = open({ retentionMs: 60_000 })
      const turnId = newTurnId()
      await streams.append(turnId, [delta(1_001, 1)])
      expect(await command.ttl(turnChannel(turnId))).to.be.within(24 * 3_600, 7 * 24 * 3_600)
      await streams.append(turnId, [terminal])
      await streams.expire(turnId)
      expect(await command.ttl(turnChannel(turnId))).to.be.within(1, 60)
      await streams.append(turnId, [delta(1_001, 2)])
      expect(await command.ttl(turnChannel(turnId))).to.be.within(1, 60)
    })
  })
})
