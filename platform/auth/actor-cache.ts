// What is remembered between requests of who asks, so that most of them need no query. It is right at once all the same:
// a change marks what it is about before and after its commit, and what is marked is asked of the database and not stored.

/** How long an entry is believed. */
export const entrySeconds = 30
/** Longer than an entry lives, and than a statement that fills one takes: when a mark ends, nothing older is left. */
export const markSeconds = 60
/** The value of a marked key. */
export const marked = 'revoked'

export interface ActorCache {
  /** The values of these keys, in their order; undefined where the store can’t be asked. */
  read(keys: readonly string[]): Promise<readonly (string | undefined)[] | undefined>
  /** Stores each that isn’t there. Never rejects. */
  store(entries: Readonly<Record<string, string>>): Promise<void>
  /** Puts a mark in the place of what is there. Rejects when the store can’t be reached. */
  mark(keys: readonly string[]): Promise<void>
}

interface Entry {
  readonly value: string
  readonly expiresAt: number
}

const maxEntries = 20_000

/** For an API that is one process. */
export function createLocalActorCache({ now = Date.now }: { readonly now?: () => number } = {}): ActorCache {
  const entries = new Map<string, Entry>()
  const valueOf = (key: string): string | undefined => {
    const entry = entries.get(key)
    return entry !== undefined && entry.expiresAt > now() ? entry.value : undefined
  }
  /** A mark may never be dropped before its time. */
  const makeRoom = (): void => {
    if (entries.size < maxEntries) return
    for (const [key, entry] of entries) {
      if (entry.value !== marked || entry.expiresAt <= now()) entries.delete(key)
    }
  }
  const put = (key: string, value: string, seconds: number): void => {
    makeRoom()
    entries.set(key, { value, expiresAt: now() + seconds * 1_000 })
  }
  return {
    read: async (keys) => keys.map(valueOf),
    store: async (given) => {
      for (const [key, value] of Object.entries(given)) if (valueOf(key) === undefined) put(key, value, entrySeconds)
    },
    mark: async (keys) => {
      for (const key of keys) put(key, marked, markSeconds)
    },
  }
}
