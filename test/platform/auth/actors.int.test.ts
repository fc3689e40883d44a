// Who acts, as two processes of one API remember it: in memory that they share, and in Redis. However a request and a change
// fall together, the next request after the change sees it.
import { expect } from 'chai'
import type { Redis } from 'ioredis'
import { createRefreshToken } from '../../../db/auth/refresh-tokens.ts'
import { createSession, revokeSession } from '../../../db/auth/sessions.ts'
import { updateUser } from '../../../db/auth/users.ts'
import { newId } from '../../../db/ids.ts'
import { seed } from '../../../db/seed.ts'
import {
  type ActorCache,
  createLocalActorCache,
  entrySeconds,
  markSeconds,
  marked,
} from '../../../platform/auth/actor-cache.ts'
import { type Actors, createActors } from '../../../platform/auth/actors.ts'
import { createRedisActorCache } from '../../../platform/auth/redis-actor-cache.ts'
import { SecretValue } from '../../../platform/secret-value.ts'
import { openRedisConnection } from '../../../platform/stream/redis-connection.ts'
import { captureLog } from '../../support/captured-log.ts'
import { type TestDatabase, startTestDatabase } from '../../support/database.ts'
import { eventually } from '../../support/eventually.ts'
import { type TestRedis, startRedisOrSkip } from '../../support/redis.ts'
import { type SignInParts, countQueries, makeUser, signInParts } from '../../support/sign-in-parts.ts'

describe('actors', function () {
  this.timeout(60_000)
  let database: TestDatabase
  let parts: SignInParts
  before(async () => {
    database = await startTestDatabase()
    parts = signInParts(database.db)
    await seed(database.owner, { admin: {}, passwords: parts.passwords })
  })
  after(() => database?.stop())

  const actorsOn = (cache: ActorCache): Actors => createActors({ ...parts, cache })

  async function openSession() {
    const { id: userId } = await makeUser(parts)
    const subject = { userId, sessionId: newId() }
    const session = { id: subject.sessionId, userId, method: 'password', ip: undefined, userAgent: undefined } as const
    expect(await createSession(database.db, session)).to.equal(true)
    await createRefreshToken(database.db, { tokenHash: Buffer.from(newId()), sessionId: subject.sessionId })
    return subject
  }

  /** `caches` are those of two processes. */
  function suite(caches: () => readonly [ActorCache, ActorCache]): void {
    it('are remembered, and yet gone on the next request after their session has ended', async () => {
      const [near, far] = caches().map(actorsOn) as [Actors, Actors]
      const subject = await openSession()
      expect(await near.ofSession(subject)).to.include(subject)
      expect(await countQueries(database.db, () => far.ofSession(subject)), 'remembered by both').to.equal(0)
      await near.changing({ sessionIds: [subject.sessionId] }, () => revokeSession(database.db, subject))
      expect(await near.ofSession(subject)).to.equal(undefined)
      expect(await far.ofSession(subject)).to.equal(undefined)
    })

    it('have other permissions on the next request after a change of roles', async () => {
      const [near, far] = caches().map(actorsOn) as [Actors, Actors]
      const subject = await openSession()
      await Promise.all([near.ofSession(subject), far.ofSession(subject)])
      await near.changing({ userIds: [subject.userId] }, () =>
        updateUser(database.db, { userId: subject.userId, patch: { roles: ['auditor'] } }),
      )
      for (const actors of [near, far]) {
        const actor = await actors.ofSession(subject)
        expect(actor?.roles).to.deep.equal(['auditor'])
        expect(actor?.permissions.has('chat:write')).to.equal(false)
      }
    })

    it('aren’t brought back by a request that has read before the change and stores after it', async () => {
      const [cache, other] = caches()
      let letGo = (): void => undefined
      const held = new Promise<void>((resolve) => {
        letGo = resolve
      })
      const slow = actorsOn({ ...cache, store: (entries) => held.then(() => cache.store(entries)) })
      const subject = await openSession()
      const reading = slow.ofSession(subject)
      await eventually('it is about to be stored', async () => {
        const [value] = (await cache.read([`sess:${subject.sessionId}`])) ?? []
        return value === undefined
      })
      await new Promise((resolve) => setTimeout(resolve, 100))
      await actorsOn(other).changing({ sessionIds: [subject.sessionId] }, () => revokeSession(database.db, subject))
      letGo()
      expect(await reading, 'judged before').to.include(subject)
      expect(await slow.ofSession(subject)).to.equal(undefined)
    })

    it('aren’t believed while a change is under way, nor lost when it fails', async () => {
      const [near, far] = caches().map(actorsOn) as [Actors, Actors]
      const subject = await openSession()
      await far.ofSession(subject)
      const failing = near.changing({ sessionIds: [subject.sessionId] }, async () => {
        expect(await countQueries(database.db, () => far.ofSession(subject))).to.equal(1)
        throw new Error('rolled back')
      })
      expect(await failing.catch((error: Error) => error.message)).to.equal('rolled back')
      expect(await far.ofSession(subject)).to.include(subject)
    })

    it('are all asked for anew after a change of a role', async () => {
      const [near, far] = caches().map(actorsOn) as [Actors, Actors]
      const subject = await openSession()
      await far.ofSession(subject)
      await near.changing({ everybody: true }, async () => undefined)
      expect(await countQueries(database.db, () => far.ofSession(subject))).to.equal(1)
    })
  }

  describe('in memory', () => {
    let cache: ActorCache
    beforeEach(() => {
      cache = createLocalActorCache()
    })
    suite(() => [cache, cache])

    it('are forgotten after their time, and marks after theirs', async () => {
      let now = 0
      const timed = createLocalActorCache({ now: () => now })
      await timed.store({ a: '1' })
      await timed.mark(['b'])
      await timed.store({ b: '2', a: '3' })
      expect(await timed.read(['a', 'b'])).to.deep.equal(['1', marked])
      now = entrySeconds * 1_000
      expect(await timed.read(['a', 'b'])).to.deep.equal([undefined, marked])
      now = markSeconds * 1_000
      expect(await timed.read(['b'])).to.deep.equal([undefined])
    })
  })

  describe('in Redis', () => {
    let redis: TestRedis
    let connections: Redis[] = []
    const open = (): ActorCache => {
      const { log } = captureLog()
      const connection = openRedisConnection({ url: new SecretValue(redis.url), role: 'command', log })
      connections.push(connection)
      return createRedisActorCache({ redis: connection, log })
    }
    const openReady = async (): Promise<ActorCache> => {
      const cache = open()
      await eventually('Redis answers', async () => (await cache.read(['none'])) !== undefined)
      return cache
    }
    let caches: readonly [ActorCache, ActorCache]
    before(async function () {
      redis = await startRedisOrSkip(this)
    })
    after(() => redis?.stop())
    beforeEach(async () => {
      caches = [await openReady(), await openReady()]
    })
    afterEach(() => {
      for (const connection of connections) connection.disconnect()
      connections = []
    })
    suite(() => caches)

    it('are asked of the database while Redis is away, and hung', async () => {
      const actors = actorsOn(caches[0])
      const subject = await openSession()
      await actors.ofSession(subject)
      for (const [end, begin] of [
        [() => redis.kill(), () => redis.start()],
        [async () => redis.freeze(), async () => redis.thaw()],
      ] as const) {
        await end()
        expect(await actors.ofSession(subject)).to.include(subject)
        expect(await countQueries(database.db, () => actors.ofSession(subject))).to.be.greaterThan(0)
        await begin()
        await eventually('Redis is asked again', async () => (await caches[0].read(['none'])) !== undefined)
      }
    })

    it('end while Redis is away, and stay so when it comes back with what it remembered', async () => {
      const [near, far] = caches.map(actorsOn) as [Actors, Actors]
      const subject = await openSession()
      await far.ofSession(subject)
      await redis.kill()
      await near.changing({ sessionIds: [subject.sessionId] }, () => revokeSession(database.db, subject))
      expect(await far.ofSession(subject)).to.equal(undefined)
      await redis.start()
      await eventually('the end is announced', async () => {
        const [value] = (await caches[0].read([`sess:${subject.sessionId}`])) ?? []
        return value === marked
      })
      expect(await far.ofSession(subject)).to.equal(undefined)
    })
  })
})
