// One connection to somebody else's Postgres: opened for one purpose, bounded in time, and closed at its end. Errors of
// the driver carry statements, so only the server's five-letter code of an error is ever passed on.
import type { Socket } from 'node:net'
import { Client, DatabaseError } from 'pg'
import { AppError } from '../../domain/errors.ts'
import type { PostgresConfig } from '../../domain/vault/rotation-policy.ts'
import { asPgStream } from '../egress/client-sockets.ts'
import type { Login } from './login.ts'
import type { Connect } from './rotator.ts'

const connectTimeoutMs = 5_000
const defaultQueryTimeoutMs = 10_000

export interface PostgresServer {
  readonly config: Pick<PostgresConfig, 'host' | 'port' | 'tls' | 'ca' | 'database'>
  readonly connect: Connect
  readonly signal: AbortSignal
}

/** SQLSTATE class 28: the server's word that this name and password don't get in. */
const authorizationClass = '28'

/** The SQLSTATE of a server's own error, undefined for anything that happened on the way. */
export const sqlState = (error: unknown): string | undefined =>
  error instanceof DatabaseError && typeof error.code === 'string' ? error.code : undefined

export const isLoginRefused = (error: unknown): boolean => sqlState(error)?.startsWith(authorizationClass) === true

/** Errors without a SQLSTATE, and those of a server that isn't there for anybody now. */
const awayClasses = ['08', '53', '57', '58']
const isAway = (error: unknown): boolean => awayClasses.includes((sqlState(error) ?? '08').slice(0, 2))

/** The error to pass on: ours as it is; a server that is away is unreachable; its word otherwise, by code alone. */
export function toRotationError(error: unknown, code: 'rotation.preflight_failed' | 'rotation.set_refused'): AppError {
  if (error instanceof AppError) return error
  if (isAway(error)) return new AppError('rotation.target_unreachable')
  return new AppError(code, { detail: `Postgres answered with the error ${sqlState(error) ?? ''}.` })
}

interface Session {
  readonly login: Login
  readonly applicationName: string
  readonly queryTimeoutMs?: number
}

function createClient(
  { host, port, tls, ca, database }: PostgresServer['config'],
  session: Session,
  socket: Socket,
): Client {
  const client = new Client({
    host,
    port,
    database,
    user: session.login.username,
    password: session.login.password,
    ssl: tls && ca !== undefined ? { ca } : tls,
    stream: asPgStream(socket),
    application_name: session.applicationName,
    connectionTimeoutMillis: connectTimeoutMs,
    query_timeout: session.queryTimeoutMs ?? defaultQueryTimeoutMs,
  })
  client.on('error', () => undefined)
  return client
}

/** Runs `work` on a connection of its own. Rejects with the driver's errors: pass them through `toRotationError`. */
export async function withPostgres<T>(
  server: PostgresServer,
  session: Session,
  work: (client: Client) => Promise<T>,
): Promise<T> {
  const { config, signal } = server
  const deadline = AbortSignal.any([signal, AbortSignal.timeout(connectTimeoutMs)])
  const socket = await server.connect({ host: config.host, port: config.port, signal: deadline })
  const destroy = (): void => void socket.destroy()
  signal.addEventListener('abort', destroy, { once: true })
  try {
    const client = createClient(config, session, socket)
    await client.connect()
    const result = await work(client)
    await client.end().catch(() => undefined)
    return result
  } finally {
    signal.removeEventListener('abort', destroy)
    destroy()
  }
}

/** Runs `work` between `begin` and `commit`; a failure rolls back. */
export async function inTransaction<T>(client: Client, work: () => Promise<T>): Promise<T> {
  await client.query('begin')
  try {
    const result = await work()
    await client.query('commit')
    return result
  } catch (error) {
    await client.query('rollback').catch(() => undefined)
    throw error
  }
}
