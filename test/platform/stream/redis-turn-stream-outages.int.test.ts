// Turn streams while the server is killed, hangs, or comes back empty: readers wait, appends fail in bounded time.
// The server is this suite's own, so that nobody else's test meets the outage.
import { expect } from 'chai'
import { AppError } from '../../../domain/errors.ts'
import { captureLog, type CapturedLog } from '../../support/captured-log.ts'
import { eventually } from '../../support/eventually.ts'
import { startRedisOrSkip, type TestRedis } from '../../support/redis.ts'
import { openRedisProcess, type RedisProcess } from './redis-streams.ts'
import { delta, deltas, idsOf, newTurnId, startReader, terminal } from './turn-events.ts'

/** Longer than any test: what is right without the tail check must be right by itself. */
const never = 3_600_000

describe('redis turn stream in an outage', function () {
  this.timeout(60_000)
  let logged: CapturedLog
  let opened: RedisProcess[]

  const open = (redis: TestRedis): RedisProcess => {
    const process = openRedisProcess({ url: redis.url, log: logged.log, tailCheckMs: never })
    opened.push(process)
    return process
  }
  const succeeds = (work: () => Promise<unknown>): Promise<boolean> =>
    work().then(
      () => true,
      () => false,
    )

  beforeEach(() => {
    logged = captureLog()
    opened = []
  })
  afterEach(() => Promise.all(opened.map((process) => process.close())))

  describe('when the server dies', () => {
    let redis: TestRedis
    before(async function () {
      redis = await startRedisOrSkip(this)
    })
    after(() => redis?.stop())
    afterEach(() => redis.restart())

    it('goes on after SIGKILL and restart: every entry once, for those who were reading and those who come later', async () => {
      const [writer, reader] = [open(redis), open(redis)]
      const turnId = newTurnId()
      const follower = startReader(reader.streams, turnId)
      const published = [...deltas(1_001, 1, 150), terminal]
      const appendPersistently = async (entry: (typeof published)[number]): Promise<void> => {
        await eventually('the append succeeds', () => succeeds(() => writer.streams.append(turnId, [entry])))
      }
      for (const [index, entry] of published.entries()) {
        if (index % 50 === 25) await redis.kill()
        const appended = appendPersistently(entry)
        if (index % 50 === 25) await redis.start()
        await appended
      }
      expect(idsOf(await follower.done)).to.deep.equal(idsOf(published))
      expect(idsOf(await startReader(reader.streams, turnId).done)).to.deep.equal(idsOf(published))
    })

    it('keeps a reader waiting that comes while the server is away', async () => {
      const [writer, reader] = [open(redis), open(redis)]
      const turnId = newTurnId()
      await writer.streams.append(turnId, deltas(1_001, 1, 3))
      await redis.kill()
      const follower = startReader(reader.streams, turnId)
      await eventually('the reader has failed to read', () => logged.withMessage('can’t be used').length > 0)
      await redis.start()
      await follower.reached(3)
      await writer.streams.append(turnId, [terminal])
      expect(idsOf(await follower.done)).to.deep.equal(idsOf([...deltas(1_001, 1, 3), terminal]))
    })

    it('ends a reader on abort while the server is away', async () => {
      const reader = open(redis)
      await redis.kill()
      const follower = startReader(reader.streams, newTurnId())
      follower.abort()
      expect(await follower.done).to.deep.equal([])
    })

    it('rejects with service.unavailable in bounded time, and logs it once, without what was appended', async () => {
      const { streams } = open(redis)
      const turnId = newTurnId()
      await streams.append(turnId, [delta(1_001, 1)])
      await redis.kill()
      const attempts = [
        () => streams.append(turnId, [delta(1_001, 2, 'canary-text')]),
        () => streams.expire(turnId),
        () => streams.isEmpty(turnId),
      ]
      for (const attempt of attempts) {
        const error = await attempt().then(
          () => undefined,
          (reason: unknown) => reason,
        )
        expect(error).to.be.instanceOf(AppError).with.property('code', 'service.unavailable')
        expect(error).not.to.have.property('cause')
      }
      expect(logged.withMessage('can’t be used')).to.have.length(1)
      expect(logged.lines.join('\n')).not.to.contain('canary-text')
    })

    it('rejects in bounded time when the server hangs, and works again when it goes on', async () => {
      const { streams } = open(redis)
      const turnId = newTurnId()
      await streams.append(turnId, [delta(1_001, 1)])
      redis.freeze()
      const error = await streams.append(turnId, [delta(1_001, 2)]).catch((reason: unknown) => reason)
      redis.thaw()
      expect(error).to.be.instanceOf(AppError).with.property('code', 'service.unavailable')
      await eventually('the append succeeds', () => succeeds(() => streams.append(turnId, [delta(1_001, 2), terminal])))
      const all = idsOf([...deltas(1_001, 1, 2), terminal])
      expect(idsOf(await startReader(streams, turnId).done)).to.deep.equal(all)
    })
  })

  describe('when the server comes back empty', () => {
    let forgetful: TestRedis
    before(async function () {
      forgetful = await startRedisOrSkip(this, { appendOnly: false })
    })
    after(() => forgetful?.stop())

    it('gives a follower the rest, once and in order', async () => {
      const [writer, reader] = [open(forgetful), open(forgetful)]
      const turnId = newTurnId()
      const follower = startReader(reader.streams, turnId)
      await writer.streams.append(turnId, deltas(1_001, 1, 3))
      await follower.reached(3)
      await forgetful.restart()
      expect(await reader.streams.isEmpty(turnId)).to.equal(true)
      await writer.streams.append(turnId, [delta(1_001, 5), terminal])
      expect(idsOf(await follower.done)).to.deep.equal(idsOf([...deltas(1_001, 1, 3), delta(1_001, 5), terminal]))
    })
  })
})
