// The Postgres that CDSA brings along: PGlite in a supervised process, reached by ordinary Postgres URLs that stay the
// same over restarts, so that the rest of the code knows one database only (decision 003).
import { type ChildProcess, spawn } from 'node:child_process'
import { randomBytes } from 'node:crypto'
import { mkdir, realpath } from 'node:fs/promises'
import { join } from 'node:path'
import type { Logger } from '../logger.ts'
import { awaitDirectory } from './directory-lock.ts'
import { type EmbeddedRole, applicationRole, ownerRole } from './embedded-roles.ts'
import { databaseName } from './multiplexer/startup-packet.ts'
import type { ChildMessage, OpenRequest } from './pglite-messages.ts'
import { ownScript } from './own-script.ts'
import { anyFreePort } from './ports.ts'
import { identifyProcess } from './process-identity.ts'
import { watchProcess } from './process-watchdog.ts'
import { makePrivateDirectory, socketDirectory, socketFile, socketPort } from './socket-directory.ts'
import { StartError } from './start-error.ts'
import { killGroup, superviseProcess } from './supervised-process.ts'
import { cacheDirectory as userCacheDirectory } from './temporal-cli.ts'

const loopback = '127.0.0.1'
/** initdb, if it must run, and the recovery of a large log take their time. */
const readyMs = 120_000
const stopMs = 10_000

export interface EmbeddedDatabase {
  /** For migrations: may create tables, roles and extensions. Not a superuser. */
  readonly ownerUrl: string
  /** For everything else: reads and writes rows of the tables that it was granted. */
  readonly applicationUrl: string
  /** The process that runs the database; during a restart the one that died. */
  readonly pid: number
  /** Ends it in order, with SIGKILL after 10 s. Safe to call twice. */
  stop(): Promise<void>
}

export interface EmbeddedDatabaseOptions {
  /** Everything lies below it; made when it isn't there, for this user only. */
  readonly directory: string
  readonly log: Logger
  /** Where the template of a new cluster is kept; the user's cache by default. */
  readonly cacheDirectory?: string
  readonly maxConnections?: number
  /** A transaction that idles this long while others wait is ended with SQLSTATE 25P03. */
  readonly idleTransactionMs?: number
  /** A process that answers nothing for this long is killed and started again; no statement may take longer. */
  readonly hangMs?: number
  /** How long a process that its dead supervisor left behind may take to end by itself. */
  readonly takeOverMs?: number
  /** A Unix socket, except on Windows. */
  readonly transport?: 'socket' | 'loopback'
  /** Called at the first start and at every restart. */
  onSpawn?(pid: number): void
}

interface Endpoint {
  readonly listen: OpenRequest['listen']
  readonly password: string | undefined
  url(role: EmbeddedRole): string
}

async function chooseEndpoint(directory: string, transport: 'socket' | 'loopback'): Promise<Endpoint> {
  if (transport === 'socket') {
    const place = socketDirectory(directory)
    await makePrivateDirectory(place)
    const query = new URLSearchParams({ host: place, port: `${socketPort}` }).toString()
    return {
      listen: { path: socketFile(place) },
      password: undefined,
      url: (role) => `postgres://${role}@localhost/${databaseName}?${query}`,
    }
  }
  const port = await anyFreePort(loopback)
  const password = randomBytes(24).toString('base64url')
  return {
    listen: { host: loopback, port },
    password,
    url: (role) => `postgres://${role}:${password}@${loopback}:${port}/${databaseName}`,
  }
}

function spawnProcess(request: OpenRequest): ChildProcess {
  const { file, execArgv } = ownScript('./pglite-process', import.meta.url)
  const child = spawn(process.execPath, [...execArgv, file], {
    stdio: ['ignore', 'ignore', 'inherit', 'ipc'],
    detached: true,
  })
  child.send(request, () => undefined)
  return child
}

/** Rejects with a StartError that names what the process said about its failure. */
function becomesReady(child: ChildProcess): Promise<void> {
  return new Promise((resolve, reject) => {
    child.on('message', (message: ChildMessage) => {
      if (message.type === 'ready') resolve()
      if (message.type === 'failed') reject(new StartError(message.reason ?? 'The embedded database can’t be opened.'))
    })
  })
}

/** The child has described its errors already: under `error` the logger would describe the description. */
function logTroubles(child: ChildProcess, log: Logger): void {
  child.on('message', (message: ChildMessage) => {
    if (message.type === 'failed') log.error({ part: 'database', failure: message.error }, 'the process failed')
    if (message.type === 'trouble') {
      log.warn({ part: 'database', task: message.task, failure: message.error }, 'maintenance failed')
    }
  })
}

/**
 * Resolves once the database accepts connections. Throws StartError when it can't be opened, for instance because
 * another process has it open.
 */
export async function startEmbeddedDatabase(options: EmbeddedDatabaseOptions): Promise<EmbeddedDatabase> {
  const { log, hangMs = 120_000, takeOverMs = 10_000 } = options
  await mkdir(options.directory, { recursive: true, mode: 0o700 })
  const directory = await realpath(options.directory)
  await makePrivateDirectory(directory)
  await awaitDirectory(join(directory, 'postgres.pid'), takeOverMs)
  const transport = options.transport ?? (process.platform === 'win32' ? 'loopback' : 'socket')
  const endpoint = await chooseEndpoint(directory, transport)
  const request: OpenRequest = {
    type: 'open',
    directory,
    cacheDirectory: options.cacheDirectory ?? userCacheDirectory({}),
    listen: endpoint.listen,
    password: endpoint.password,
    maxConnections: options.maxConnections ?? 40,
    idleTransactionMs: options.idleTransactionMs ?? 15_000,
    parent: await identifyProcess(process.pid),
  }
  let pid = 0
  const supervised = await superviseProcess({
    name: 'database',
    spawn: () => spawnProcess(request),
    ready: async (child) => {
      logTroubles(child, log)
      await becomesReady(child)
      watchProcess(child, hangMs, () => {
        log.warn({ part: 'database', pid: child.pid }, 'doesn’t answer and will be killed')
        if (child.pid !== undefined) killGroup(child.pid)
      })
    },
    readyMs,
    stopMs,
    log,
    onSpawn: (spawned) => {
      pid = spawned
      options.onSpawn?.(spawned)
    },
  })
  return {
    ownerUrl: endpoint.url(ownerRole),
    applicationUrl: endpoint.url(applicationRole),
    get pid() {
      return pid
    },
    stop: () => supervised.stop(),
  }
}
