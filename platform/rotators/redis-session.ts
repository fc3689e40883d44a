// One connection to somebody else's Redis or Valkey, opened for one purpose and closed at its end. Errors of the driver
// carry the command's arguments, passwords among them, so only the first word of an answer is ever passed on.
import type { Socket } from 'node:net'
import { Redis, ReplyError } from 'ioredis'
import { AppError } from '../../domain/errors.ts'
import type { RedisAclConfig } from '../../domain/vault/rotation-policy.ts'
import { asRedisConnector } from '../egress/client-sockets.ts'
import type { Login } from './login.ts'
import type { Connect } from './rotator.ts'

const connectTimeoutMs = 5_000
const commandTimeoutMs = 10_000

export interface RedisServer {
  readonly config: RedisAclConfig
  readonly connect: Connect
  readonly signal: AbortSignal
}

/** The first word of the server's own answer (`WRONGPASS`, `NOPERM`, `ERR` …), undefined for what happened on the way. */
const redisReplyCode = (error: unknown): string | undefined =>
  error instanceof ReplyError && error instanceof Error ? /^[A-Z]+/.exec(error.message)?.[0] : undefined

export class RedisRefusal extends Error {
  readonly code: string
  constructor(code: string) {
    super(`Redis answered with ${code}.`)
    this.code = code
  }
}

function openSocket(server: RedisServer): Promise<Socket> {
  const { host, port, tls, ca } = server.config
  const signal = AbortSignal.any([server.signal, AbortSignal.timeout(connectTimeoutMs)])
  return server.connect({ host, port, tls: tls && ca !== undefined ? { ca } : tls, signal })
}

export interface RedisSession {
  /** Throws RedisRefusal for the server's own error, `rotation.target_unreachable` for everything else. */
  call(...command: readonly [string, ...string[]]): Promise<unknown>
}

function openClient(socket: Socket): Redis {
  const client = new Redis({
    Connector: asRedisConnector(socket),
    protocol: 2,
    disableClientInfo: true,
    enableReadyCheck: false,
    retryStrategy: null,
    maxRetriesPerRequest: 0,
    commandTimeout: commandTimeoutMs,
  })
  client.on('error', () => undefined)
  return client
}

/** Runs `work` after a login. Throws RedisRefusal `WRONGPASS` when that is refused, else as `call` does. */
export async function withRedis<T>(
  server: RedisServer,
  { username, password }: Login,
  work: (session: RedisSession) => Promise<T>,
): Promise<T> {
  const socket = await openSocket(server).catch(unreachable)
  const close = (): void => void socket.destroy()
  server.signal.addEventListener('abort', close, { once: true })
  const client = openClient(socket)
  const call: RedisSession['call'] = async (name, ...rest) => {
    try {
      return await client.call(name, ...rest)
    } catch (error) {
      const code = redisReplyCode(error)
      if (code === undefined) return unreachable()
      throw new RedisRefusal(code)
    }
  }
  try {
    await call('AUTH', username, password)
    return await work({ call })
  } finally {
    client.disconnect()
    server.signal.removeEventListener('abort', close)
    socket.destroy()
  }
}

function unreachable(): never {
  throw new AppError('rotation.target_unreachable')
}
