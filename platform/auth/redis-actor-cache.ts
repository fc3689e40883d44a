// The memory of who asks in Redis, for an API of many processes. Redis is never needed: whatever it doesn’t answer in time
// is asked of the database, and after a failure it is left alone for a moment.
import type { Redis } from 'ioredis'
import type { Logger } from '../logger.ts'
import { redisErrorCode } from '../stream/redis-connection.ts'
import { type ActorCache, entrySeconds, markSeconds, marked } from './actor-cache.ts'

/** Longer than Redis ever takes while it is well, shorter than a request may be held up. */
const patienceMs = 250
/** How long a Redis that has failed isn’t asked. */
const restMs = 1_000

const keyOf = (key: string): string => `cdsa:${key}`

export function createRedisActorCache({ redis, log }: { readonly redis: Redis; readonly log: Logger }): ActorCache {
  let restsUntil = 0
  const isWell = (): boolean => redis.status === 'ready' && Date.now() >= restsUntil
  const fail = (error: unknown): void => {
    restsUntil = Date.now() + restMs
    log.warn({ reason: redisErrorCode(error) }, 'Redis doesn’t remember who asks: the database is asked')
  }
  async function inTime<T>(work: Promise<T>): Promise<T> {
    let timer: NodeJS.Timeout | undefined
    const late = new Promise<never>((_, reject) => {
      timer = setTimeout(() => reject(new Error('late')), patienceMs)
    })
    try {
      return await Promise.race([work, late])
    } finally {
      clearTimeout(timer)
      // What comes too late may fail unheard.
      work.catch(() => undefined)
    }
  }
  return {
    read: async (keys) => {
      if (!isWell()) return undefined
      try {
        return (await inTime(redis.mget(keys.map(keyOf)))).map((value) => value ?? undefined)
      } catch (error) {
        fail(error)
        return undefined
      }
    },
    store: async (entries) => {
      if (!isWell()) return
      const commands = redis.pipeline()
      for (const [key, value] of Object.entries(entries)) commands.set(keyOf(key), value, 'EX', entrySeconds, 'NX')
      await commands.exec().catch(fail)
    },
    mark: async (keys) => {
      const commands = redis.multi()
      for (const key of keys) commands.set(keyOf(key), marked, 'EX', markSeconds)
      await commands.exec()
    },
  }
}
