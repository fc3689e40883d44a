// Runs a module in a process that can be killed: documents come from strangers, and any parser can be made to hang or to
// fill the memory. A worker thread won't do, because its resource limits don't hold for native memory.
import { type ChildProcess, spawn } from 'node:child_process'
import { existsSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { AppError } from '../../domain/errors.ts'
import type { OwnScript } from '../embedded/own-script.ts'
import { residentBytes } from './resident-bytes.ts'

export interface GuardLimits {
  readonly rssBytes: number
  readonly totalMs: number
  /** How long the process may go without a message. */
  readonly stallMs: number
}

export interface GuardedRun<Progress> {
  /** A module that sends GuardedMessages over IPC. */
  readonly entry: OwnScript
  /** Its first argument. */
  readonly input: string
  readonly cwd: string
  readonly signal: AbortSignal
  readonly limits: GuardLimits
  readonly onProgress?: (progress: Progress) => void
}

/** What the process sends: any number of times its progress, then its result. */
export type GuardedMessage<Progress, Result> = { readonly progress: Progress } | { readonly result: Result }

const watchEveryMs = 100
/** What Node itself maps as data before it has read anything: Node 24 some 1.3 GB, most of it never touched. */
const runtimeBytes = 1.5 * 1024 ** 3
const keptErrorOutput = 4_096
const prlimit = ['/usr/bin/prlimit', '/bin/prlimit'].find((path) => existsSync(path))

/** The environment is all but empty: whatever takes over a parser finds no secrets there. */
function start({ entry, input, cwd, limits }: Omit<GuardedRun<never>, 'onProgress'>): ChildProcess {
  const node = [process.execPath, ...entry.execArgv, entry.file, input]
  const [command = '', ...args] =
    prlimit === undefined ? node : [prlimit, `--data=${2 * limits.rssBytes + runtimeBytes}`, '--core=0', ...node]
  return spawn(command, args, {
    cwd,
    detached: true,
    env: { TMPDIR: tmpdir(), LANG: 'C.UTF-8' },
    stdio: ['pipe', 'ignore', 'pipe', 'ipc'],
    serialization: 'json',
  })
}

function killGroup({ pid }: ChildProcess): void {
  if (pid === undefined) return
  try {
    process.kill(-pid, 'SIGKILL')
  } catch {
    // It has ended by itself.
  }
}

const tooMuchMemory = (): AppError =>
  new AppError('document.limit_exceeded', { detail: 'Reading the document takes too much memory.' })
const tooMuchTime = (): AppError =>
  new AppError('document.limit_exceeded', { detail: 'Reading the document takes too long.' })

const memoryTrouble = /out of memory|allocation (?:of .*)?failed|bad_alloc|cannot allocate memory/i

/** Why a process ended that nobody killed: only what it wrote and how much memory it had tell. */
function judgeExit(errorOutput: string, peakBytes: number, limits: GuardLimits, by: NodeJS.Signals | null): AppError {
  const swollen = by !== null && peakBytes > limits.rssBytes / 2
  const outOfMemory = by === 'SIGKILL' || swollen || memoryTrouble.test(errorOutput)
  return outOfMemory ? tooMuchMemory() : new AppError('document.parser_crashed')
}

/**
 * Resolves to the result that the process sends. By then the process and all of its descendants are gone, as they are
 * when it throws: the signal's reason, or AppError `document.limit_exceeded` (memory, time) or `document.parser_crashed`.
 */
export async function runGuarded<Progress, Result>(run: GuardedRun<Progress>): Promise<Result> {
  run.signal.throwIfAborted()
  const child = start(run)
  const gone = new Promise<void>((resolve) => {
    child.once('exit', () => resolve())
    child.once('error', () => resolve())
  })
  const cleanups: (() => void)[] = []
  try {
    return await new Promise<Result>((resolve, reject) => {
      cleanups.push(follow<Progress, Result>(child, run, { resolve, reject }))
    })
  } finally {
    for (const cleanup of cleanups) cleanup()
    killGroup(child)
    await gone
  }
}

interface Settle<Result> {
  readonly resolve: (result: Result) => void
  readonly reject: (error: unknown) => void
}

/** Returns what ends the watch. */
function follow<Progress, Result>(
  child: ChildProcess,
  { signal, limits, onProgress }: GuardedRun<Progress>,
  { resolve, reject }: Settle<Result>,
): () => void {
  const startedAt = Date.now()
  let heardAt = startedAt
  let peakBytes = 0
  let errorOutput = ''
  const measure = async (): Promise<void> => {
    const bytes = await residentBytes(child.pid)
    peakBytes = Math.max(peakBytes, bytes)
    if (bytes > limits.rssBytes) reject(tooMuchMemory())
  }
  const watch = setInterval(() => {
    const now = Date.now()
    if (now - startedAt > limits.totalMs || now - heardAt > limits.stallMs) reject(tooMuchTime())
    void measure()
  }, watchEveryMs)
  const onAbort = (): void => reject(signal.reason)
  signal.addEventListener('abort', onAbort, { once: true })
  child.stderr?.setEncoding('utf8').on('data', (text: string) => {
    errorOutput = (errorOutput + text).slice(-keptErrorOutput)
  })
  // The pipe stays open for the life of this process: its end is how the child learns that its parent has died.
  child.stdin?.on('error', () => undefined)
  child.on('message', (message: GuardedMessage<Progress, Result>) => {
    heardAt = Date.now()
    if ('progress' in message) onProgress?.(message.progress)
    else resolve(message.result)
  })
  child.on('error', (cause) => reject(new AppError('document.parser_crashed', { cause })))
  // `close` comes after `exit`, once everything that the process wrote has been read.
  child.on('close', (_code, by) => reject(judgeExit(errorOutput, peakBytes, limits, by)))
  return () => {
    clearInterval(watch)
    signal.removeEventListener('abort', onAbort)
  }
}
