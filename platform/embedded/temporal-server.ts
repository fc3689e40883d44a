// The Temporal dev server of the one-command platform: one process on loopback with its state in one SQLite file.
// Its flags were measured: as it comes, each task waits up to 50 ms and each short timer a second.
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { closeSync, mkdirSync, openSync, readFileSync, statSync } from 'node:fs'
import { createConnection } from 'node:net'
import { join } from 'node:path'
import { setTimeout as delay } from 'node:timers/promises'
import { Connection } from '@temporalio/client'
import { defaultPorts } from '../config.ts'
import type { Logger } from '../logger.ts'
import { anyFreePort, choosePort } from './ports.ts'
import { StartError } from './start-error.ts'
import { superviseProcess, type SupervisedProcess } from './supervised-process.ts'

const host = '127.0.0.1'
const defaultUiPort = defaultPorts.temporalUi
const readyMs = 60_000
const stopMs = 3_000
const pollMs = 20
const largestLogBytes = 5_000_000
/** A port that was free when it was chosen can be gone when the server binds it; then others are chosen. */
const startAttempts = 3

export interface TemporalServer {
  /** host:port of the gRPC front end. */
  readonly address: string
  readonly uiUrl: string
  readonly pid: number | undefined
  /** SIGTERM, SIGKILL 3 s later. */
  stop(): Promise<void>
}

export interface TemporalServerOptions {
  /** The `temporal` binary. */
  readonly cliPath: string
  /** The server's state and log lie in `temporal/` below it. */
  readonly dataDir: string
  readonly namespace?: string
  readonly port?: number | undefined
  /** A given port must be free; undefined: 8233 or the next free one; 0: any. */
  readonly uiPort?: number | undefined
  /** Where the Web UI has payloads decoded. */
  readonly codecEndpoint?: string | undefined
  readonly log: Logger
  onSpawn?(pid: number): void
}

const dynamicConfig = [
  // One history shard polls 20 times a second by default, so every task waits up to 50 ms.
  'history.transferProcessorMaxPollRPS=2000',
  'history.timerProcessorMaxPollRPS=2000',
  'history.visibilityProcessorMaxPollRPS=2000',
  // Timers and back-offs under a second take a second without it.
  'history.timerProcessorMaxTimeShift="50ms"',
  // Fairness keys act only with this, and only on a single partition.
  'matching.enableFairness=true',
  'matching.numTaskqueueReadPartitions=1',
  'matching.numTaskqueueWritePartitions=1',
]

interface Ports {
  readonly port: number
  readonly uiPort: number
}

interface CommandLineOptions extends Ports {
  readonly databaseFile: string
  readonly namespace: string
  readonly codecEndpoint: string | undefined
}

function commandLine(options: CommandLineOptions): string[] {
  const { codecEndpoint } = options
  const flags: readonly (readonly [name: string, value: string])[] = [
    ['ip', host],
    ['port', `${options.port}`],
    ['ui-port', `${options.uiPort}`],
    ['db-filename', options.databaseFile],
    ['sqlite-pragma', 'journal_mode=WAL'],
    ['sqlite-pragma', 'synchronous=NORMAL'],
    ['search-attribute', 'ApprovalState=Keyword'],
    ['namespace', options.namespace],
    ['log-level', 'warn'],
    ...(codecEndpoint === undefined ? [] : [['ui-codec-endpoint', codecEndpoint] as const]),
    ...dynamicConfig.map((setting) => ['dynamic-config-value', setting] as const),
  ]
  const switches = ['--disable-config-file', '--disable-config-env']
  return ['server', 'start-dev', ...flags.flatMap(([name, value]) => [`--${name}`, value]), ...switches]
}

async function isListening(port: number): Promise<boolean> {
  const socket = createConnection({ host, port })
  try {
    await once(socket, 'connect')
    return true
  } catch {
    return false
  } finally {
    socket.destroy()
  }
}

async function hasNamespace(address: string, namespace: string): Promise<boolean> {
  const connection = await Connection.connect({ address, connectTimeout: '1s' })
  try {
    const describe = () => connection.workflowService.describeNamespace({ namespace })
    await connection.withDeadline(Date.now() + 1_000, describe)
    return true
  } finally {
    await connection.close()
  }
}

/** Resolves once the namespace is there, which is the last thing that the server prepares. */
async function answers(port: number, namespace: string, signal: AbortSignal): Promise<void> {
  while (!signal.aborted) {
    // gRPC waits a whole second after a refused connection, so the port is asked first.
    if ((await isListening(port)) && (await hasNamespace(`${host}:${port}`, namespace).catch(() => false))) return
    await delay(pollMs, undefined, { signal }).catch(() => undefined)
  }
}

function openLog(file: string): number {
  const isLarge = (statSync(file, { throwIfNoEntry: false })?.size ?? 0) > largestLogBytes
  return openSync(file, isLarge ? 'w' : 'a', 0o600)
}

function lastLines(file: string): string {
  return readFileSync(file, 'utf8').trimEnd().split('\n').slice(-5).join('\n')
}

function supervise(options: TemporalServerOptions, ports: Ports, directory: string): Promise<SupervisedProcess> {
  const { namespace = 'default', codecEndpoint } = options
  const logFile = join(directory, 'server.log')
  return superviseProcess({
    name: 'temporal',
    spawn: () => {
      // A file, not a pipe: the server must not die of a broken pipe when its supervisor is killed.
      const output = openLog(logFile)
      const databaseFile = join(directory, 'server.db')
      const child = spawn(options.cliPath, commandLine({ ...ports, databaseFile, namespace, codecEndpoint }), {
        stdio: ['ignore', output, output],
        detached: true,
        env: {},
      })
      closeSync(output)
      return child
    },
    ready: (_, signal) => answers(ports.port, namespace, signal),
    readyMs,
    stopMs,
    log: options.log,
    ...(options.onSpawn === undefined ? {} : { onSpawn: options.onSpawn }),
  })
}

/** Starts the server and keeps it alive on the same ports and file. Throws StartError when it can't be started. */
export async function startTemporalServer(options: TemporalServerOptions): Promise<TemporalServer> {
  const directory = join(options.dataDir, 'temporal')
  mkdirSync(directory, { recursive: true, mode: 0o700 })
  for (let attempt = 1; ; attempt += 1) {
    const port = options.port ?? (await anyFreePort(host))
    const uiPort = await choosePort({
      host,
      given: options.uiPort,
      preferred: defaultUiPort,
      variable: 'TEMPORAL_UI_PORT',
    })
    try {
      const server = await supervise(options, { port, uiPort }, directory)
      return {
        address: `${host}:${port}`,
        uiUrl: `http://${host}:${uiPort}`,
        get pid() {
          return server.pid
        },
        stop: () => server.stop(),
      }
    } catch (error) {
      const logFile = join(directory, 'server.log')
      const output = lastLines(logFile)
      if (attempt < startAttempts && output.includes('address already in use')) continue
      const cause = error instanceof Error ? error.message : 'unknown'
      throw new StartError(`The Temporal server can't be started: ${cause}. Last lines of ${logFile}:\n${output}`)
    }
  }
}
