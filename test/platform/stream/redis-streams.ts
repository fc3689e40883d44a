// Two “processes” on one Redis for the tests: a writer and a reader, each with its own pair of connections.
// The connections are those of production; a test that needs to see or cut one gets it here.
import type { Redis } from 'ioredis'
import { SecretValue } from '../../../platform/secret-value.ts'
import type { Logger } from '../../../platform/logger.ts'
import { openRedisConnection } from '../../../platform/stream/redis-connection.ts'
import { createRedisTurnStream } from '../../../platform/stream/redis-turn-stream.ts'
import type { TurnStream } from '../../../platform/stream/turn-stream.ts'

export interface RedisProcess {
  readonly streams: TurnStream
  readonly command: Redis
  readonly subscriber: Redis
  close(): Promise<void>
}

export interface RedisProcessOptions {
  readonly url: string
  /** Another way to the same server, for the subscriber alone. */
  readonly subscriberUrl?: string
  readonly log: Logger
  readonly retentionMs?: number
  readonly tailCheckMs?: number
}

export function openRedisProcess(given: RedisProcessOptions): RedisProcess {
  const { url, subscriberUrl = url, log, retentionMs = 60_000, ...options } = given
  const command = openRedisConnection({ url: new SecretValue(url), role: 'command', log })
  const subscriber = openRedisConnection({ url: new SecretValue(subscriberUrl), role: 'subscriber', log })
  const streams = createRedisTurnStream({
    command,
    subscriber,
    log,
    retentionSeconds: Math.ceil(retentionMs / 1_000),
    ...options,
  })
  return {
    streams,
    command,
    subscriber,
    close: async () => {
      await streams.close()
      command.disconnect()
      subscriber.disconnect()
    },
  }
}
