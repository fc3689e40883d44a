// A real Redis (or Valkey) server for one suite: on a free loopback port, with its own directory and an append-only file,
// so that it can be killed and come back with all it had acknowledged. Debian's package is `redis-server`.
import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { accessSync, constants } from 'node:fs'
import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { delimiter, join } from 'node:path'
import { Redis } from 'ioredis'
import { anyFreePort } from '../../platform/embedded/ports.ts'
import { inDebianRoot } from './debian-root.ts'

export interface TestRedis {
  readonly url: string
  /** SIGKILL. */
  kill(): Promise<void>
  /** Starts again what was killed, on the same port and files; resolves when it answers. */
  start(): Promise<void>
  /** `kill`, then `start`. */
  restart(): Promise<void>
  /** Stops the server's process where it stands, and lets it go on: a server that hangs. */
  freeze(): void
  thaw(): void
  /** Kills the server and removes its files. */
  stop(): Promise<void>
}

function isExecutable(file: string): boolean {
  try {
    accessSync(file, constants.X_OK)
    return true
  } catch {
    return false
  }
}

/** The path of `redis-server` or `valkey-server`, undefined when neither is installed. */
function findRedisServer(): string | undefined {
  const directories = [...(process.env['PATH'] ?? '').split(delimiter), '/usr/sbin'].filter((part) => part !== '')
  return ['redis-server', 'valkey-server']
    .flatMap((name) => directories.map((directory) => join(directory, name)))
    .find(isExecutable)
}

async function awaitAnswer(port: number, child: ChildProcess): Promise<void> {
  const probe = new Redis({ host: '127.0.0.1', port, maxRetriesPerRequest: null, retryStrategy: () => 20 })
  probe.on('error', () => undefined)
  const exited = once(child, 'exit').then(([code]) => {
    throw new Error(`The Redis server exited with ${String(code)} before it answered.`)
  })
  try {
    await Promise.race([probe.ping(), exited])
  } finally {
    probe.disconnect()
    exited.catch(() => undefined)
  }
}

interface RedisCommand {
  readonly file: string
  /** In front of the server's own arguments. */
  readonly prefix: readonly string[]
  /** Where its files lie, seen from outside and from the server. */
  readonly directory: string
  readonly ownDirectory: string
}

/** Valkey from a Debian root where one is given, else what is installed. */
async function prepareCommand(root: string | undefined): Promise<RedisCommand> {
  if (root !== undefined) {
    const directory = await mkdtemp(join(root, 'var/tmp/cdsa-valkey-'))
    const prefix = inDebianRoot(root, 'root', ['/usr/bin/valkey-server'])
    return { file: 'chroot', prefix, directory, ownDirectory: directory.slice(root.length) }
  }
  const file = findRedisServer()
  if (file === undefined) throw new Error('Neither redis-server nor valkey-server is installed.')
  const directory = await mkdtemp(join(tmpdir(), 'cdsa-redis-'))
  return { file, prefix: [], directory, ownDirectory: directory }
}

export interface RedisOptions {
  readonly appendOnly?: boolean
  /** The lines of an ACL file; the user `default` must get in without a password. */
  readonly users?: readonly string[]
}

/** Throws when no server is installed: use `startRedisOrSkip` where a suite can do without. */
export async function startRedis(
  options: RedisOptions & { readonly root?: string | undefined } = {},
): Promise<TestRedis> {
  const { file, prefix, directory, ownDirectory } = await prepareCommand(options.root)
  if (options.users !== undefined) await writeFile(join(directory, 'users.acl'), `${options.users.join('\n')}\n`)
  const port = await anyFreePort('127.0.0.1')
  const settings = {
    '--port': String(port),
    '--bind': '127.0.0.1',
    '--dir': ownDirectory,
    '--save': '',
    '--appendonly': options.appendOnly === false ? 'no' : 'yes',
    // By default a busy disk keeps what was acknowledged in the server's own memory for seconds, and a SIGKILL takes it along.
    '--appendfsync': 'always',
    ...(options.users === undefined ? {} : { '--aclfile': join(ownDirectory, 'users.acl') }),
  }
  let child: ChildProcess | undefined
  const killNow = (): void => void child?.kill('SIGKILL')

  const start = async (): Promise<void> => {
    child = spawn(file, [...prefix, ...Object.entries(settings).flat()], { stdio: 'ignore' })
    await awaitAnswer(port, child)
  }
  const kill = async (): Promise<void> => {
    if (child === undefined) return
    const gone = child.exitCode === null && child.signalCode === null ? once(child, 'exit') : undefined
    child.kill('SIGKILL')
    await gone
    child = undefined
  }
  process.once('exit', killNow)
  await start()
  return {
    url: `redis://127.0.0.1:${port}`,
    kill,
    start,
    restart: async () => {
      await kill()
      await start()
    },
    freeze: () => void child?.kill('SIGSTOP'),
    thaw: () => void child?.kill('SIGCONT'),
    stop: async () => {
      await kill()
      process.off('exit', killNow)
      await rm(directory, { recursive: true, force: true, maxRetries: 10 })
    },
  }
}

/** For a suite's `before`: says so and skips the suite when no server is installed. */
export async function startRedisOrSkip(context: Mocha.Context, options?: RedisOptions): Promise<TestRedis> {
  if (findRedisServer() === undefined) {
    process.stdout.write('    neither redis-server nor valkey-server is installed: skipping what needs one\n')
    context.skip()
  }
  return startRedis(options)
}
