// Who acts with a session or a key, and what they may do now. Every change of that goes through `changing`, so that it acts
// on the next request, whichever process that reaches, although most requests ask no database.
import { setTimeout as sleep } from 'node:timers/promises'
import type { Actor } from './actor.ts'
import type { Bus } from '../stream/bus.ts'
import { type ActorCache, entrySeconds } from './actor-cache.ts'
import { type Changed, channelOf, keysOf } from './actor-keys.ts'
import type { PresentedKey } from './api-key.ts'
import {
  type ActorSources,
  type SessionSubject,
  actorOfKey,
  actorOfProvenKey,
  actorOfSession,
} from './remembered-actor.ts'

export type Actors = ReturnType<typeof createActors>

const markPauseMs = 1_000

const tryToMark = (cache: ActorCache, keys: readonly string[]): Promise<boolean> =>
  cache.mark(keys).then(
    () => true,
    () => false,
  )

/** A store that can’t be reached is tried until no entry that it may hold is believed any more. */
async function markLater(cache: ActorCache, keys: readonly string[]): Promise<void> {
  for (const until = Date.now() + entrySeconds * 1_000; Date.now() < until; ) {
    await sleep(markPauseMs, undefined, { ref: false })
    if (await tryToMark(cache, keys)) return
  }
}

export function createActors({ bus, ...sources }: ActorSources & { readonly bus: Bus }) {
  const { cache, log } = sources
  const announce = (keys: readonly string[]): void => {
    for (const key of keys) bus.publish(channelOf(key), {}).catch(() => undefined)
  }
  return {
    /** Undefined when the session or its account has ended. */
    ofSession: (subject: SessionSubject): Promise<Actor | undefined> => actorOfSession(sources, subject),
    /** Undefined when the key or its account has ended, or the secret is another one. */
    ofKey: (key: PresentedKey): Promise<Actor | undefined> => actorOfKey(sources, key),
    /** Who an actor is now; undefined when they are nobody any more. */
    again: async ({ userId, sessionId, apiKeyId }: Actor): Promise<Actor | undefined> => {
      if (sessionId !== undefined) return await actorOfSession(sources, { userId, sessionId })
      return apiKeyId === undefined ? undefined : await actorOfProvenKey(sources, apiKeyId)
    },
    /**
     * Runs a change that commits, after which these may do something else or nothing at all. From its commit on no request
     * is judged by what was before, unless the store of many processes can’t be reached: then for 30 seconds at most.
     */
    async changing<T>(changed: Changed, work: () => Promise<T>): Promise<T> {
      const keys = keysOf(changed)
      if (!(await tryToMark(cache, keys))) log.warn('a change of who may do what couldn’t be announced beforehand')
      try {
        return await work()
      } finally {
        if (!(await tryToMark(cache, keys))) void markLater(cache, keys)
        announce(keys)
      }
    },
  }
}
