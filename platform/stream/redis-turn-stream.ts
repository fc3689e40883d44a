// Turn streams in Redis: one Stream a turn, and a message for each entry so that readers needn't ask (docs/decisions/002).
// A message says what is new, the Stream says what there is: whoever may have missed a message reads the Stream.
import type { Redis } from 'ioredis'
import type { EventId } from '../../domain/event-id.ts'
import type { Logger } from '../logger.ts'
import { isPastEnd } from './encoded-entry.ts'
import { createRedisChannels } from './redis-channels.ts'
import { createTailCheck } from './redis-tail-check.ts'
import { RedisTurnReader } from './redis-turn-reader.ts'
import { createRedisTurnStore, parseTurnMessage, turnChannel } from './redis-turn-store.ts'
import type { StreamEntry, TurnStream } from './turn-stream.ts'

export interface RedisTurnStreamOptions {
  /** For everything but subscribing. Its commands must fail in bounded time. */
  readonly command: Redis
  /** May be shared with a bus. Must reconnect by itself. */
  readonly subscriber: Redis
  readonly retentionSeconds: number
  readonly log: Logger
  /** How often a lost message is looked for. */
  readonly tailCheckMs?: number
}

/** `append`, `expire` and `isEmpty` reject with AppError `service.unavailable`; readers wait until Redis is back. */
export function createRedisTurnStream(options: RedisTurnStreamOptions): TurnStream {
  const { command, subscriber, retentionSeconds, log, tailCheckMs = 5_000 } = options
  const store = createRedisTurnStore({ command, retentionSeconds, log })
  const channels = createRedisChannels({ subscriber, log })
  const readers = new Map<RedisTurnReader, string>()
  const tailCheck = createTailCheck({ store, subscriber, readers, everyMs: tailCheckMs })
  let closed = false

  async function* read(
    turnId: string,
    { after, signal }: { readonly after?: EventId; readonly signal: AbortSignal },
  ): AsyncGenerator<StreamEntry, void> {
    if (closed || signal.aborted || isPastEnd(after)) return
    const reader = new RedisTurnReader({ after, fetchPage: (last) => store.page(turnId, last).catch(() => undefined) })
    const listening = channels.listen(turnChannel(turnId), {
      message: (text) => {
        const entry = parseTurnMessage(text)
        if (entry !== undefined) reader.push(entry)
      },
      resumed: reader.reread,
    })
    // What was published before the subscription took effect is in the Stream.
    listening.subscribed.then(reader.reread, () => undefined)
    readers.set(reader, turnId)
    tailCheck.start()
    signal.addEventListener('abort', reader.end, { once: true })
    try {
      yield* reader.entries()
    } finally {
      signal.removeEventListener('abort', reader.end)
      listening.leave()
      readers.delete(reader)
      if (readers.size === 0) tailCheck.stop()
    }
  }

  return {
    append: store.append,
    appendAt: store.appendAt,
    expire: store.expire,
    read,
    isEmpty: store.isEmpty,
    close: async () => {
      closed = true
      tailCheck.stop()
      for (const reader of readers.keys()) reader.end()
      channels.close()
    },
  }
}
