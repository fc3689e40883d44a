// Finds the `temporal` binary, which carries the dev server, or gets it once into the user's cache. There is no npm
// package that ships it, so the order goes from what the person chose to what takes longest.
import { execFile, spawn, type ChildProcess } from 'node:child_process'
import { constants } from 'node:fs'
import { access, mkdir, mkdtemp, readdir, rename, rm } from 'node:fs/promises'
import { homedir } from 'node:os'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { ownScript } from './own-script.ts'
import { StartError } from './start-error.ts'
import { killGroup } from './supervised-process.ts'

/** Later tags can't be installed with `go install`: their go.mod carries a `replace`. */
const temporalCliVersion = 'v1.5.1'
const goPackage = `github.com/temporalio/cli/cmd/temporal@${temporalCliVersion}`
const downloadMs = 30_000
const buildMs = 20 * 60_000
const progressMs = 10_000

export interface TemporalCliOptions {
  /** TEMPORAL_CLI_PATH: counts as it is, and nothing else is tried. */
  readonly cliPath?: string | undefined
  /** PATH, HOME, XDG_CACHE_HOME and what Go reads. */
  readonly environment: Readonly<Record<string, string | undefined>>
  /** Shown to the person who waits. */
  progress(line: string): void
  readonly signal?: AbortSignal
}

type Found = { readonly path: string } | { readonly missing: string }

/** `$XDG_CACHE_HOME/cdsa`, else `~/.cache/cdsa`: shared by all checkouts of this user. */
export function cacheDirectory(environment: Readonly<Record<string, string | undefined>>): string {
  return join(environment['XDG_CACHE_HOME'] || join(environment['HOME'] || homedir(), '.cache'), 'cdsa')
}

async function isExecutable(path: string): Promise<boolean> {
  return access(path, constants.X_OK).then(
    () => true,
    () => false,
  )
}

async function runs(command: string, argument: string, env: NodeJS.ProcessEnv): Promise<boolean> {
  return promisify(execFile)(command, [argument], { env, timeout: 10_000 }).then(
    () => true,
    () => false,
  )
}

/** Runs a command to its end; rejects with its last words. Its whole group is killed at the time limit or on abort. */
function runToEnd(child: ChildProcess, options: { limitMs: number; signal: AbortSignal | undefined }): Promise<void> {
  return new Promise((resolve, reject) => {
    let words = ''
    const collect = (chunk: Buffer): void => {
      words = (words + chunk.toString('utf8')).slice(-400)
    }
    child.stdout?.on('data', collect)
    child.stderr?.on('data', collect)
    const kill = (): void => {
      if (child.pid !== undefined) killGroup(child.pid)
    }
    const timer = setTimeout(kill, options.limitMs)
    options.signal?.addEventListener('abort', kill, { once: true })
    const finish = (fault: string | undefined): void => {
      clearTimeout(timer)
      options.signal?.removeEventListener('abort', kill)
      if (fault === undefined) resolve()
      else reject(new Error(fault))
    }
    child.once('error', (error) => finish((error as { code?: string }).code ?? error.name))
    child.once('exit', (code, signal) => {
      if (code === 0) finish(undefined)
      else finish(signal === null ? words.trim() || `exit code ${code}` : `given up after ${options.limitMs / 1000} s`)
    })
  })
}

/** Lets `fill` put a binary into a directory of its own, then moves it into its place in one step. */
async function install(cacheDir: string, fill: (directory: string) => Promise<void>): Promise<string> {
  const target = join(cacheDir, 'bin', 'temporal')
  await mkdir(join(cacheDir, 'bin'), { recursive: true })
  const directory = await mkdtemp(join(cacheDir, 'temporal-'))
  try {
    await fill(directory)
    const [name] = (await readdir(directory)).filter((entry) => entry.startsWith('temporal'))
    if (name === undefined) throw new Error('no binary was made')
    await rename(join(directory, name), target)
    return target
  } finally {
    await rm(directory, { recursive: true, force: true })
  }
}

/** The SDK's own download, in a process of its own because it can't be called off otherwise. */
async function download(cacheDir: string, options: TemporalCliOptions): Promise<Found> {
  options.progress(`Downloading the Temporal CLI ${temporalCliVersion} (at most ${downloadMs / 1000} s)`)
  const { file, execArgv } = ownScript('./temporal-download-process', import.meta.url)
  const fill = (directory: string): Promise<void> => {
    const child = spawn(process.execPath, [...execArgv, file, directory, temporalCliVersion], {
      stdio: ['ignore', 'pipe', 'pipe'],
      detached: true,
      env: { ...options.environment },
    })
    return runToEnd(child, { limitMs: downloadMs, signal: options.signal })
  }
  return install(cacheDir, fill).then(
    (path) => ({ path }),
    () => ({ missing: "its download can't be reached" }),
  )
}

async function build(cacheDir: string, options: TemporalCliOptions): Promise<Found> {
  const env = { ...options.environment }
  if (!(await runs('go', 'version', env))) return { missing: 'no Go toolchain on PATH to build it with' }
  const startedAt = Date.now()
  const announce = (): void => {
    const seconds = Math.round((Date.now() - startedAt) / 1000)
    options.progress(
      `Building the Temporal CLI ${temporalCliVersion} with Go (takes about four minutes, once): ${seconds} s`,
    )
  }
  announce()
  const ticking = setInterval(announce, progressMs)
  const fill = (directory: string): Promise<void> => {
    const child = spawn('go', ['install', goPackage], {
      stdio: ['ignore', 'pipe', 'pipe'],
      detached: true,
      env: { ...env, GOBIN: directory },
    })
    return runToEnd(child, { limitMs: buildMs, signal: options.signal })
  }
  return install(cacheDir, fill)
    .then(
      (path) => ({ path }),
      (error: unknown) => ({ missing: `go install failed: ${error instanceof Error ? error.message : 'unknown'}` }),
    )
    .finally(() => clearInterval(ticking))
}

/** A path, or a command name that PATH resolves. Throws StartError, which names every way to provide it, when there is none. */
export async function resolveTemporalCli(options: TemporalCliOptions): Promise<string> {
  const { cliPath, environment, signal } = options
  if (cliPath !== undefined) {
    if (await isExecutable(cliPath)) return cliPath
    throw new StartError(`TEMPORAL_CLI_PATH names ${cliPath}, which isn't an executable file.`)
  }
  if (await runs('temporal', '--version', { ...environment })) return 'temporal'
  const cacheDir = cacheDirectory(environment)
  const cached = join(cacheDir, 'bin', 'temporal')
  if (await isExecutable(cached)) return cached
  const faults: string[] = []
  for (const attempt of [download, build]) {
    const found = await attempt(cacheDir, options)
    if ('path' in found) return found.path
    signal?.throwIfAborted()
    faults.push(found.missing)
  }
  throw new StartError(
    [
      `The Temporal CLI is missing: ${faults.join('; ')}. Do one of these:`,
      `  - set TEMPORAL_ADDRESS to a running Temporal server`,
      `  - set TEMPORAL_CLI_PATH to a temporal binary, or put one on PATH`,
      `  - put a temporal binary at ${cached}`,
      `  - let its download through (temporal.download)`,
      `  - install Go, so that it can be built: go install ${goPackage}`,
    ].join('\n'),
  )
}
