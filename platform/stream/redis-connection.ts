// How a connection to Redis behaves: it comes back by itself, for ever, and says so once per outage.
// Errors of ioredis hold the command's arguments (passwords, tokens), so only their names and codes are logged or passed on.
import { Redis, type RedisOptions } from 'ioredis'
import { AppError } from '../../domain/errors.ts'
import type { SecretValue } from '../secret-value.ts'
import type { Logger } from '../logger.ts'

/** Two roles, because a connection that subscribes serves nothing else well. */
export type RedisRole = 'command' | 'subscriber'

/** No command waits longer than this for an answer, Redis being down or hung. */
const commandTimeoutMs = 2_000
/** A socket that owes an answer for so long is dead: it's closed, and the connection made anew. */
const socketTimeoutMs = 5_000

const backOffMs = (attempt: number): number => Math.min(50 * 2 ** Math.min(attempt, 5), 1_000) + Math.random() * 100

const roleOptions = {
  command: { commandTimeout: commandTimeoutMs, maxRetriesPerRequest: 3 },
  // A subscription waits for Redis however long that takes. redis-channels.ts subscribes anew, because it must know when that has been done.
  subscriber: { maxRetriesPerRequest: null, autoResubscribe: false },
} as const satisfies Record<RedisRole, RedisOptions>

export function openRedisConnection(options: {
  readonly url: SecretValue
  readonly role: RedisRole
  readonly log: Logger
}): Redis {
  const { url, role, log } = options
  const connection = new Redis(url.reveal(), {
    ...roleOptions[role],
    connectTimeout: commandTimeoutMs,
    socketTimeout: socketTimeoutMs,
    retryStrategy: backOffMs,
  })
  let failing = false
  connection.on('error', (error: unknown) => {
    if (!failing) log.warn({ err: error, role, reason: redisErrorCode(error) }, 'lost the connection to Redis')
    failing = true
  })
  connection.on('ready', () => {
    if (failing) log.info({ role }, 'the connection to Redis is back')
    failing = false
  })
  return connection
}

/** The first word of Redis' answer (`OOM`, `NOPERM`, `WRONGTYPE` …), which never quotes the command. */
export const redisErrorCode = (error: unknown): string | undefined =>
  error instanceof Error ? /^[A-Z]{2,20}(?= )/.exec(error.message)?.[0] : undefined

/** Without a cause: the library's error would carry the command's arguments along. */
export const redisUnavailable = (): AppError =>
  new AppError('service.unavailable', { detail: 'Redis can’t be reached, or refused a command.' })
