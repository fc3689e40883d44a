// A whole platform in processes of its own, started by the very command that people use, on free ports and a data
// directory of its own; with a database of its own where the environment names a server. What flow tests talk to.
import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { readRunFile, type RunFile } from '../../bin/supervisor/run-file.ts'
import { eventually } from './eventually.ts'
import { dropPlatformDatabase, platformDatabase } from './platform-database.ts'

export interface PlatformProcess {
  /** What `run.json` said when the platform became ready. */
  readonly run: RunFile
  readonly dataDir: string
  /** Resolves to the exit code. */
  readonly exited: Promise<number | null>
  /** What `run.json` says now; undefined when it isn't there. */
  currentRun(): RunFile | undefined
  /** SIGTERM, resolves once the supervisor has ended; a data directory made here is removed then, with its database. */
  stop(): Promise<void>
  /** Signals the supervisor alone. */
  kill(signal: NodeJS.Signals): void
  /** Closes its channel to here, as the end of this process would. */
  disconnect(): void
  /** Everything that it has printed. */
  output(): string
}

const startMs = 120_000
/** A developer's own providers are none of the tests' business; a blank counts as absent. */
const noProviders = {
  OPENAI_API_KEY: '',
  OPENAI_BASE_URL: '',
  ANTHROPIC_API_KEY: '',
  ANTHROPIC_BASE_URL: '',
  OLLAMA_HOST: '',
  OLLAMA_API_KEY: '',
  CDSA_DEFAULT_MODEL: '',
  CDSA_EMBEDDING_MODEL: '',
}
const startScript = fileURLToPath(new URL('../../bin/start.mjs', import.meta.url))

interface Spawned {
  readonly child: ChildProcess
  readonly exited: Promise<number | null>
  output(): string
}

/** Runs the start command without waiting for anything: for starts that are meant to fail. */
export function spawnPlatform(options: {
  readonly dataDir: string
  readonly env?: Readonly<Record<string, string>> | undefined
}): Spawned {
  const child = spawn(process.execPath, [startScript], {
    // Away from a developer's own `.env`.
    cwd: options.dataDir,
    // The channel ends the platform when the process that runs the tests is killed.
    stdio: ['ignore', 'pipe', 'pipe', 'ipc'],
    env: {
      ...process.env,
      ...noProviders,
      PORT: '0',
      TEMPORAL_UI_PORT: '0',
      LOG_LEVEL: 'warn',
      CDSA_BCRYPT_COST: '4',
      // Tests are many people at one address.
      CDSA_RATE_LIMIT_FACTOR: '10000',
      ...options.env,
      CDSA_DATA_DIR: options.dataDir,
    },
  })
  let output = ''
  const collect = (chunk: Buffer): void => {
    output += chunk.toString('utf8')
  }
  child.stdout?.on('data', collect)
  child.stderr?.on('data', collect)
  const exited = once(child, 'exit').then(([code]) => code as number | null)
  return { child, exited, output: () => output }
}

async function untilReady({ child, output }: Spawned, dataDir: string): Promise<RunFile> {
  const ask = (): RunFile | undefined => {
    const how = child.exitCode ?? child.signalCode
    if (how !== null) throw new Error(`The platform ended with ${how} before it was ready.`)
    const run = readRunFile(dataDir)
    // A killed platform's file lies there until the next one takes over.
    return run?.processes.supervisor === child.pid ? run : undefined
  }
  try {
    return await eventually('the platform is ready', ask, startMs)
  } catch (error) {
    throw new Error(`${error instanceof Error ? error.message : 'unknown'}\n${output()}`, { cause: error })
  }
}

/** Rejects, with the output, when it isn't ready in two minutes. */
export async function startPlatformProcess(
  options: { readonly env?: Readonly<Record<string, string>>; readonly dataDir?: string } = {},
): Promise<PlatformProcess> {
  const dataDir = options.dataDir ?? (await mkdtemp(join(tmpdir(), 'cdsa-platform-')))
  const environment = { ...process.env, ...options.env }
  const removeOwn = async (): Promise<void> => {
    if (options.dataDir !== undefined) return
    await rm(dataDir, { recursive: true, force: true, maxRetries: 10 })
    await dropPlatformDatabase(environment, dataDir)
  }
  const database = await platformDatabase(environment, dataDir)
  const spawned = spawnPlatform({ dataDir, env: { ...options.env, ...database } })
  const stop = async (): Promise<void> => {
    spawned.child.kill('SIGTERM')
    await spawned.exited
    await removeOwn()
  }
  const run = await untilReady(spawned, dataDir).catch(async (error: unknown) => {
    await stop()
    throw error
  })
  return {
    run,
    dataDir,
    exited: spawned.exited,
    currentRun: () => readRunFile(dataDir),
    stop,
    kill: (signal) => void spawned.child.kill(signal),
    disconnect: () => spawned.child.disconnect(),
    output: spawned.output,
  }
}
