// Chooses between Redis and memory for turn streams and bus, and owns the two connections that Redis needs.
// Without a Redis URL, API and worker must share one process: memory is all that carries the tokens.
import type { Redis } from 'ioredis'
import type { SecretValue } from '../secret-value.ts'
import type { Logger } from '../logger.ts'
import type { Bus } from './bus.ts'
import { createLocalBus } from './local-bus.ts'
import { createLocalTurnStream } from './local-turn-stream.ts'
import { createRedisBus } from './redis-bus.ts'
import { openRedisConnection, redisUnavailable } from './redis-connection.ts'
import { createRedisTurnStream } from './redis-turn-stream.ts'
import type { TurnStream } from './turn-stream.ts'

export interface Streams {
  readonly streams: TurnStream
  readonly bus: Bus
  /** The connection for commands, which others may share; undefined without a Redis. */
  readonly redis: Redis | undefined
  /** Rejects with AppError `service.unavailable` within two seconds when Redis doesn't answer. */
  ping(): Promise<void>
  /** Ends all readers, then closes the connections. */
  close(): Promise<void>
}

export interface StreamsOptions {
  readonly redisUrl?: SecretValue | undefined
  readonly retentionSeconds: number
  readonly log: Logger
}

/** Connects in the background: a Redis that isn't there yet is no error here, `ping` tells. */
export function createStreams({ redisUrl, retentionSeconds, log }: StreamsOptions): Streams {
  return redisUrl === undefined
    ? createLocalStreams({ retentionSeconds, log })
    : createRedisStreams({ redisUrl, retentionSeconds, log })
}

function createLocalStreams({ retentionSeconds, log }: Omit<StreamsOptions, 'redisUrl'>): Streams {
  const streams = createLocalTurnStream({ retentionMs: retentionSeconds * 1_000 })
  const bus = createLocalBus({ log })
  return {
    streams,
    bus,
    redis: undefined,
    ping: async () => undefined,
    close: async () => {
      await Promise.all([streams.close(), bus.close()])
    },
  }
}

function createRedisStreams({
  redisUrl,
  retentionSeconds,
  log,
}: StreamsOptions & { readonly redisUrl: SecretValue }): Streams {
  const command = openRedisConnection({ url: redisUrl, role: 'command', log })
  const subscriber = openRedisConnection({ url: redisUrl, role: 'subscriber', log })
  const streams = createRedisTurnStream({ command, subscriber, retentionSeconds, log })
  const bus = createRedisBus({ command, subscriber, log })
  return {
    streams,
    bus,
    redis: command,
    ping: async () => {
      try {
        await command.ping()
      } catch {
        throw redisUnavailable()
      }
    },
    close: async () => {
      await Promise.all([streams.close(), bus.close()])
      subscriber.disconnect()
      // Lets answers that are on their way arrive.
      await command.quit().catch(() => undefined)
      command.disconnect()
    },
  }
}
