// The look that is taken every few seconds at the top of each stream that somebody reads, in one round trip for all.
// It catches what no gap shows: a lost message that nothing has followed yet, and a subscriber whose socket died silently.
import type { Redis } from 'ioredis'
import type { RedisTurnReader } from './redis-turn-reader.ts'
import type { RedisTurnStore } from './redis-turn-store.ts'

export interface TailCheck {
  start(): void
  stop(): void
}

export function createTailCheck(options: {
  readonly store: RedisTurnStore
  readonly subscriber: Redis
  /** Each reader with its turn. */
  readonly readers: ReadonlyMap<RedisTurnReader, string>
  readonly everyMs: number
}): TailCheck {
  const { store, subscriber, readers, everyMs } = options
  let timer: NodeJS.Timeout | undefined
  let checking = false

  const check = async (): Promise<void> => {
    // Unanswered, it makes the socket's own timeout close it.
    if (subscriber.status === 'ready') subscriber.ping().catch(() => undefined)
    const tops = await store.tops([...new Set(readers.values())])
    for (const [reader, turnId] of readers) reader.compareTop(tops.get(turnId))
  }

  const tick = (): void => {
    if (checking) return
    checking = true
    check()
      // The store has said why; the readers read again once Redis is back.
      .catch(() => undefined)
      .finally(() => {
        checking = false
      })
  }

  return {
    start: () => {
      timer ??= setInterval(tick, everyMs).unref()
    },
    stop: () => {
      clearInterval(timer)
      timer = undefined
    },
  }
}
