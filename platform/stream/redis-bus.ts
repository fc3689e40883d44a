// The bus over Redis' publish/subscribe, for API and workers in several processes.
// It fails softly: delivery isn't guaranteed anyway, so nobody is kept waiting for a Redis that is away.
import type { Redis } from 'ioredis'
import type { Logger } from '../logger.ts'
import type { Bus } from './bus.ts'
import { deliverMessage, encodeMessage } from './bus-message.ts'
import { createRedisChannels } from './redis-channels.ts'
import { redisErrorCode, redisUnavailable } from './redis-connection.ts'

const channelOf = (name: string): string => `cdsa:bus:${name}`

/** How long `subscribe` waits for Redis' confirmation before it returns a subscription that takes effect later. */
const patienceMs = 2_000

export interface RedisBusOptions {
  readonly command: Redis
  /** May be shared with turn streams. Must reconnect by itself. */
  readonly subscriber: Redis
  readonly log: Logger
}

/**
 * `publish` rejects with AppError `service.unavailable`. `subscribe` never rejects: while Redis is away it resolves after
 * two seconds, and the handler gets messages from the moment Redis is back.
 */
export function createRedisBus({ command, subscriber, log }: RedisBusOptions): Bus {
  const channels = createRedisChannels({ subscriber, log })
  return {
    publish: async (channel, message) => {
      try {
        await command.publish(channelOf(channel), encodeMessage(message))
      } catch (error) {
        log.warn({ err: error, reason: redisErrorCode(error) }, 'a message of the bus couldn’t be published')
        throw redisUnavailable()
      }
    },
    subscribe: async (channel, handler) => {
      const listening = channels.listen(channelOf(channel), {
        message: (payload) => deliverMessage({ payload, handler, log }),
        resumed: () => undefined,
      })
      let timer: NodeJS.Timeout | undefined
      const patience = new Promise<void>((resolve) => {
        timer = setTimeout(resolve, patienceMs)
      })
      await Promise.race([listening.subscribed.catch(() => undefined), patience])
      clearTimeout(timer)
      return async () => listening.leave()
    },
    close: async () => channels.close(),
  }
}
