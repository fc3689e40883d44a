// A real Postgres 17 with pgvector for one suite: on a free loopback port, with data of its own, so that it can be killed
// and come back. It runs inside the Debian root that `.ci/debian-root` makes.
import { type ChildProcess, execFile, spawn } from 'node:child_process'
import { randomBytes } from 'node:crypto'
import { once } from 'node:events'
import { chmod, chown, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { Client } from 'pg'
import { anyFreePort } from '../../platform/embedded/ports.ts'
import { inDebianRoot } from './debian-root.ts'
import { eventually } from './eventually.ts'

export interface TestPostgres {
  /** A role that may create databases, in which it owns all tables; no superuser. The extension is in the template. */
  readonly ownerUrl: string
  /** A role that owns nothing. */
  readonly applicationUrl: string
  readonly superuserUrl: string
  /** SIGKILL of the server, which takes its backends along. */
  kill(): Promise<void>
  /** Starts again what was killed, on the same port and data; resolves when it answers. */
  start(): Promise<void>
  /** Ends the server and removes its data. */
  stop(): Promise<void>
}

const run = promisify(execFile)
const binaries = '/usr/lib/postgresql/17/bin'
const startMs = 60_000

const asPostgres = (root: string, command: readonly string[]): string[] => inDebianRoot(root, 'postgres', command)

async function userIds(root: string): Promise<{ readonly uid: number; readonly gid: number }> {
  const passwd = await readFile(join(root, 'etc/passwd'), 'utf8')
  const [, uid, gid] = /^postgres:[^:]*:(\d+):(\d+):/m.exec(passwd) ?? []
  return { uid: Number(uid), gid: Number(gid) }
}

async function initialise(
  root: string,
  password: string,
): Promise<{ readonly outside: string; readonly inside: string }> {
  const { uid, gid } = await userIds(root)
  const outside = await mkdtemp(join(root, 'var/tmp/cdsa-postgres-'))
  const inside = outside.slice(root.length)
  await chown(outside, uid, gid)
  await chmod(outside, 0o700)
  await writeFile(join(outside, 'password'), password)
  await chown(join(outside, 'password'), uid, gid)
  const options = [
    '-U',
    'postgres',
    '--auth=scram-sha-256',
    `--pwfile=${inside}/password`,
    '--locale=C.UTF-8',
    '-E',
    'UTF8',
  ]
  await run('chroot', asPostgres(root, [`${binaries}/initdb`, '-D', `${inside}/data`, '--no-sync', ...options]))
  return { outside, inside }
}

/** A killed process loses nothing that the kernel has, so fsync would only cost time here. */
const testSettings = { fsync: 'off', full_page_writes: 'off' }

async function answers(url: string): Promise<boolean> {
  const client = new Client({ connectionString: url, connectionTimeoutMillis: 2_000 })
  client.on('error', () => undefined)
  try {
    await client.connect()
    return true
  } catch {
    return false
  } finally {
    await client.end().catch(() => undefined)
  }
}

async function createRoles(url: (user: string, database?: string) => string): Promise<void> {
  for (const [database, statements] of [
    ['template1', ['create extension vector']],
    ['postgres', ['create role cdsa_owner login createdb', 'create role cdsa_app login']],
  ] as const) {
    const client = new Client({ connectionString: url('postgres', database) })
    await client.connect()
    for (const statement of statements) await client.query(statement)
    for (const role of database === 'postgres' ? ['cdsa_owner', 'cdsa_app'] : []) {
      await client.query(`alter role ${role} password '${new URL(url(role)).password}'`)
    }
    await client.end()
  }
}

/** Throws where there is no Debian root. `settings` are Postgres' own; without any, it doesn't wait for the disk. */
export async function startPostgres(options: {
  readonly root: string
  readonly settings?: Readonly<Record<string, string>>
}): Promise<TestPostgres> {
  const { root, settings = testSettings } = options
  const password = randomBytes(12).toString('hex')
  const { outside, inside } = await initialise(root, password)
  const port = await anyFreePort('127.0.0.1')
  const url = (user: string, database = 'postgres'): string =>
    `postgres://${user}:${password}@127.0.0.1:${port}/${database}`
  const given = {
    port: String(port),
    listen_addresses: '127.0.0.1',
    unix_socket_directories: '',
    // The root has no /dev/shm of its own.
    dynamic_shared_memory_type: 'mmap',
    max_connections: '200',
    ...settings,
  }
  const command = [`${binaries}/postgres`, '-D', `${inside}/data`]
  for (const [name, value] of Object.entries(given)) command.push('-c', `${name}=${value}`)
  let child: ChildProcess | undefined

  const isRunning = (): boolean => child !== undefined && child.exitCode === null && child.signalCode === null
  const start = (): Promise<void> =>
    eventually(
      'Postgres answers',
      async () => {
        // After a SIGKILL the first start may find the dead server's memory still in use.
        if (!isRunning()) child = spawn('chroot', asPostgres(root, command), { stdio: 'ignore' })
        return answers(url('postgres'))
      },
      startMs,
    ).then(() => undefined)
  const end = async (signal: NodeJS.Signals): Promise<void> => {
    if (child === undefined || !isRunning()) return
    const gone = once(child, 'exit')
    child.kill(signal)
    await gone
  }
  await start()
  await createRoles(url)
  return {
    ownerUrl: url('cdsa_owner'),
    applicationUrl: url('cdsa_app'),
    superuserUrl: url('postgres'),
    kill: () => end('SIGKILL'),
    start,
    stop: async () => {
      await end('SIGINT')
      await rm(outside, { recursive: true, force: true, maxRetries: 10 })
    },
  }
}
