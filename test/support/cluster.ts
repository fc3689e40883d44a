// Several API processes and workers by the production entry points, on one database, one Redis and one Temporal server:
// started, killed and found by name. For runs on real services.
import { type ChildProcess, fork } from 'node:child_process'
import { on, once } from 'node:events'
import { mkdtemp, rm } from 'node:fs/promises'
import { hostname, tmpdir } from 'node:os'
import { join } from 'node:path'
import type { Client } from '@temporalio/client'
import { parseConfig } from '../../platform/config.ts'
import { ownScript } from '../../platform/embedded/own-script.ts'
import { type TemporalServer, startTemporalServer } from '../../platform/embedded/temporal-server.ts'
import { loadPlatformKeys } from '../../platform/keys.ts'
import { createLogger } from '../../platform/logger.ts'
import { createTemporalClient } from '../../platform/temporal/temporal-client.ts'
import { dropPlatformDatabase, platformDatabase } from './platform-database.ts'
import { testTemporalCli } from './temporal-cli.ts'

interface Migration {
  readonly code: number | null
  readonly output: string
}

export interface Cluster {
  readonly temporal: Client
  /** As the application connects. */
  readonly databaseUrl: string
  /** Where an API process of this name serves. */
  apiUrl(name: string): string
  startApi(name: string): Promise<void>
  /** All queues unless some are named, as in `--queues`. */
  startWorker(name: string, queues?: string): Promise<void>
  /** SIGKILL; resolves when the process is gone. */
  kill(name: string): Promise<void>
  /** SIGTERM; resolves to the exit code, or where that isn't 0 to all that the process has printed. */
  end(name: string): Promise<number | string>
  /** Ends the Temporal server for good. */
  loseTemporal(): Promise<void>
  /** The worker that Temporal knows by this identity, `pid@host`. */
  nameOf(identity: string): string | undefined
  /** Runs `bin/migrate.ts`. */
  migrate(): Promise<Migration>
  stop(): Promise<void>
}

interface Member {
  readonly child: ChildProcess
  /** Resolves to the exit code. */
  readonly exited: Promise<number | null>
  readonly apiUrl: string | undefined
  output(): string
}

const readyMs = 120_000

function forkEntry(entry: string, env: NodeJS.ProcessEnv, args: readonly string[] = []): ChildProcess {
  const { file, execArgv } = ownScript(`../../bin/${entry}`, import.meta.url)
  return fork(file, [...args], { env, execArgv: [...execArgv], stdio: ['ignore', 'pipe', 'pipe', 'ipc'] })
}

function collectOutput(child: ChildProcess): () => string {
  let output = ''
  for (const stream of [child.stdout, child.stderr]) stream?.on('data', (chunk) => (output += String(chunk)))
  return () => output
}

async function untilReady(child: ChildProcess, output: () => string): Promise<string | undefined> {
  const ended = new AbortController()
  child.once('exit', () => ended.abort(new Error(`It ended before it was ready:\n${output()}`)))
  const signal = AbortSignal.any([ended.signal, AbortSignal.timeout(readyMs)])
  for await (const [message] of on(child, 'message', { signal }) as AsyncIterable<[unknown]>) {
    const { type, apiUrl } = message as { type?: string; apiUrl?: string }
    if (type === 'ready') return apiUrl
  }
  throw new Error('It never said that it is ready.')
}

/** An empty database of its own on the server that the environment names; nothing is migrated or started yet. */
export async function startCluster(given: Readonly<Record<string, string>> = {}): Promise<Cluster> {
  const dataDir = await mkdtemp(join(tmpdir(), 'cdsa-cluster-'))
  const database = await platformDatabase(process.env, dataDir)
  const server: TemporalServer = await startTemporalServer({
    cliPath: await testTemporalCli(),
    dataDir,
    uiPort: 0,
    log: createLogger({ level: 'silent' }),
  })
  const settings: Record<string, string> = {
    ...database,
    REDIS_URL: process.env['REDIS_URL'] ?? '',
    TEMPORAL_ADDRESS: server.address,
    CDSA_DATA_DIR: dataDir,
    CDSA_BCRYPT_COST: '4',
    // Tests are many people at one address.
    CDSA_RATE_LIMIT_FACTOR: '10000',
    LOG_LEVEL: 'warn',
    PORT: '0',
    ...given,
  }
  const env = { ...process.env, ...settings }
  const application = { ...env, DATABASE_OWNER_URL: '' }
  const config = parseConfig(settings)
  const keys = await loadPlatformKeys({ config, log: createLogger({ level: 'silent' }) })
  const temporal = await createTemporalClient(config, keys)
  const members = new Map<string, Member>()

  const start = async (name: string, child: ChildProcess): Promise<void> => {
    const exited = once(child, 'exit').then(([code]) => code as number | null)
    const output = collectOutput(child)
    members.set(name, { child, exited, output, apiUrl: await untilReady(child, output) })
  }
  const signal = async (name: string, which: NodeJS.Signals): Promise<number | string> => {
    const member = members.get(name)
    if (member === undefined) throw new Error(`There is no process ${name}.`)
    members.delete(name)
    member.child.kill(which)
    const code = await member.exited
    return code === 0 ? code : `${code}: ${member.output()}`
  }
  const kill = async (name: string): Promise<void> => void (await signal(name, 'SIGKILL'))
  return {
    temporal,
    databaseUrl: settings['DATABASE_URL'] ?? '',
    apiUrl: (name) => {
      const url = members.get(name)?.apiUrl
      if (url === undefined) throw new Error(`There is no API ${name}.`)
      return url
    },
    startApi: (name) => start(name, forkEntry('api', application)),
    startWorker: (name, queues) =>
      start(name, forkEntry('worker', application, queues === undefined ? [] : ['--queues', queues])),
    kill,
    end: (name) => signal(name, 'SIGTERM'),
    loseTemporal: () => server.stop(),
    nameOf: (identity) => [...members].find(([, { child }]) => identity === `${String(child.pid)}@${hostname()}`)?.[0],
    migrate: async () => {
      const child = forkEntry('migrate', env)
      const output = collectOutput(child)
      const [code] = (await once(child, 'close')) as [number | null]
      return { code, output: output() }
    },
    stop: async () => {
      await Promise.all([...members.keys()].map(kill))
      await temporal.connection.close()
      await server.stop()
      await rm(dataDir, { recursive: true, force: true, maxRetries: 10 })
      await dropPlatformDatabase(process.env, dataDir)
    },
  }
}
