// Real targets of rotations: roles of a Postgres and users of a Redis, new ones for each secret, and the truth about what
// they take: a login by the servers' own drivers.
import { randomBytes } from 'node:crypto'
import { Redis } from 'ioredis'
import { Client } from 'pg'
import { type TestPostgres, startPostgres } from './postgres.ts'
import { type TestRedis, startRedis } from './redis.ts'

export type TargetName = 'random' | 'postgres' | 'redis-acl'

export interface Target {
  /** The first value of a new secret, and the policy's configuration for it. */
  prepare(): Promise<{ readonly value: string; readonly config: Readonly<Record<string, unknown>> }>
  /** Whether it takes the value; undefined while it is away. */
  takes(value: string, config: Readonly<Record<string, unknown>>): Promise<boolean | undefined>
  kill(): Promise<void>
  start(): Promise<void>
  /** `host:port`, and the origin that the administrator's secret is bound to. */
  readonly place: string | undefined
  readonly origin: string | undefined
  stop(): Promise<void>
}

export const administrator = { username: 'rotation_admin', password: 'admin-password' }
export const administratorPath = (target: TargetName): string => `targets/${target}/administrator`

const nothing = async (): Promise<void> => undefined

export const randomTarget: Target = {
  prepare: async () => ({ value: 'first-value', config: {} }),
  takes: async () => true,
  kill: nothing,
  start: nothing,
  place: undefined,
  origin: undefined,
  stop: nothing,
}

async function asSuperuser(postgres: TestPostgres, statements: readonly string[]): Promise<void> {
  const client = new Client({ connectionString: postgres.superuserUrl })
  client.on('error', () => undefined)
  await client.connect()
  for (const statement of statements) await client.query(statement)
  await client.end()
}

export async function startPostgresTarget(root: string): Promise<Target> {
  const postgres = await startPostgres({ root })
  const { hostname: host, port, host: place } = new URL(postgres.superuserUrl)
  await asSuperuser(postgres, [
    `create role rotation_admin login createrole password '${administrator.password}'`,
    ...['log_min_error_statement', 'track_activities'].map(
      (name) => `grant set on parameter ${name} to rotation_admin`,
    ),
  ])
  return {
    prepare: async () => {
      const name = `app_${randomBytes(5).toString('hex')}`
      const roles = [`${name}_a`, `${name}_b`]
      for (const role of roles) {
        await asSuperuser(postgres, [
          `create role ${role} login password 'first-password'`,
          `grant ${role} to rotation_admin with admin option`,
        ])
      }
      const config = { host, port: Number(port), tls: false, roles }
      const reference = `secret://${administratorPath('postgres')}`
      return {
        value: JSON.stringify({ username: roles[0], password: 'first-password' }),
        config: { ...config, administrator: reference },
      }
    },
    takes: async (value) => {
      const { username, password } = JSON.parse(value)
      const client = new Client({ host, port: Number(port), database: 'postgres', user: username, password })
      client.on('error', () => undefined)
      try {
        await client.connect()
        return true
      } catch (error) {
        return String((error as { code?: unknown }).code).startsWith('28') ? false : undefined
      } finally {
        await client.end().catch(() => undefined)
      }
    },
    kill: () => postgres.kill(),
    start: () => postgres.start(),
    place,
    origin: `postgres://${place}`,
    stop: () => postgres.stop(),
  }
}

/** One command on a connection of its own, after a login. */
async function onRedis(
  url: string,
  login: readonly string[] | undefined,
  commands: readonly string[][],
): Promise<void> {
  const client = new Redis(url, { retryStrategy: null, enableReadyCheck: false, protocol: 2, disableClientInfo: true })
  client.on('error', () => undefined)
  try {
    if (login !== undefined) await client.call('AUTH', ...login)
    for (const [name = '', ...rest] of commands) await client.call(name, ...rest)
  } finally {
    client.disconnect()
  }
}

export async function startRedisTarget(root: string): Promise<Target> {
  const users = ['user default on nopass ~* &* +@all', `user rotation_admin on >${administrator.password} +@all`]
  const redis: TestRedis = await startRedis({ root, appendOnly: false, users })
  const { hostname: host, port, host: place } = new URL(redis.url)
  return {
    prepare: async () => {
      const username = `app-${randomBytes(5).toString('hex')}`
      const user = ['ACL', 'SETUSER', username, 'on', '>first-password', '~*', '+@read', '+acl|whoami']
      await onRedis(redis.url, undefined, [user, ['ACL', 'SAVE']])
      const reference = `secret://${administratorPath('redis-acl')}`
      return {
        value: 'first-password',
        config: { host, port: Number(port), tls: false, username, administrator: reference },
      }
    },
    takes: async (value, { username }) => {
      try {
        await onRedis(redis.url, [String(username), value], [])
        return true
      } catch (error) {
        return (error as Error).message.startsWith('WRONGPASS') ? false : undefined
      }
    },
    kill: () => redis.kill(),
    start: () => redis.start(),
    place,
    origin: `redis://${place}`,
    stop: () => redis.stop(),
  }
}
