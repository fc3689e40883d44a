// One process per data directory: PGlite takes no lock of its own, and two openers corrupt each other's files.
// The file says who holds it and who started the holder, so that a leftover can be told from a database in use.
import { readFile, rm, stat, writeFile } from 'node:fs/promises'
import { setTimeout as delay } from 'node:timers/promises'
import { z } from 'zod'
import { identifyProcess, isAlive, type ProcessIdentity } from './process-identity.ts'
import { StartError } from './start-error.ts'

const identitySchema = z.object({ pid: z.number().int().positive(), startedAt: z.string() })
const lockSchema = z.object({ holder: identitySchema, parent: identitySchema.optional() })
type Lock = z.infer<typeof lockSchema>

const pollMs = 50
/** A file without content is being written; one that stays so was left by a crash between creation and writing. */
const writingMs = 1_000
/** How long a killed process may take to be gone. */
const killMs = 5_000
/** A permit to take over is held for milliseconds; an older one was left by a crash. */
const permitMs = 10_000

function parseLock(text: string): Lock | undefined {
  try {
    return lockSchema.safeParse(JSON.parse(text)).data
  } catch {
    return undefined
  }
}

/** The file's text; undefined when it isn't there. */
async function readText(file: string): Promise<string | undefined> {
  return readFile(file, 'utf8').catch((error: unknown) => {
    if ((error as { code?: unknown }).code === 'ENOENT') return undefined
    throw error
  })
}

/** The lock's text once it is whole, or once it is sure that nobody is writing it. */
async function readSettled(file: string): Promise<string | undefined> {
  const deadline = performance.now() + writingMs
  for (;;) {
    const text = await readText(file)
    if (text === undefined || parseLock(text) !== undefined || performance.now() > deadline) return text
    await delay(pollMs)
  }
}

/**
 * Takes a dead holder's file away. Only who holds the permit may, and only while the file is still the dead one's: a
 * living holder's file is never touched, because it can't appear while the dead one's is there.
 */
async function removeStale(file: string, staleText: string): Promise<void> {
  const permit = `${file}.takeover`
  try {
    await writeFile(permit, '', { flag: 'wx', mode: 0o600 })
  } catch (error) {
    if ((error as { code?: unknown }).code !== 'EEXIST') throw error
    const age = await stat(permit).then(
      ({ mtimeMs }) => Date.now() - mtimeMs,
      () => 0,
    )
    if (age > permitMs) await rm(permit, { force: true })
    await delay(pollMs)
    return
  }
  try {
    if ((await readText(file)) === staleText) await rm(file, { force: true })
  } finally {
    await rm(permit, { force: true })
  }
}

const inUse = (pid: number): StartError =>
  new StartError(`The database directory is in use by process ${pid}: only one may open it.`)

/**
 * Takes the lock for this process, started by `parent`, and resolves to the function that gives it back. Throws
 * StartError while another process holds it.
 */
export async function lockDirectory(file: string, parent: ProcessIdentity | undefined): Promise<() => Promise<void>> {
  const ownText = JSON.stringify({ holder: await identifyProcess(process.pid), parent })
  for (;;) {
    try {
      await writeFile(file, ownText, { flag: 'wx', mode: 0o600 })
      return async () => {
        if ((await readText(file)) === ownText) await rm(file, { force: true })
      }
    } catch (error) {
      if ((error as { code?: unknown }).code !== 'EEXIST') throw error
    }
    const text = await readSettled(file)
    if (text === undefined) continue
    const current = parseLock(text)?.holder
    if (current !== undefined && (await isAlive(current))) throw inUse(current.pid)
    await removeStale(file, text)
  }
}

function kill({ pid }: ProcessIdentity): void {
  try {
    process.kill(pid, 'SIGKILL')
  } catch {
    // Gone in the meantime, or another user's; the caller looks again.
  }
}

/**
 * Resolves once the directory is free. A holder whose parent lives is in use: StartError. One whose parent is dead gets
 * `graceMs` to notice and end; then it is killed, which the write-ahead log survives.
 */
export async function awaitDirectory(file: string, graceMs: number): Promise<void> {
  const deadline = performance.now() + graceMs
  for (;;) {
    const lock = parseLock((await readSettled(file)) ?? '')
    if (lock === undefined || !(await isAlive(lock.holder))) return
    if (lock.parent !== undefined && (await isAlive(lock.parent))) throw inUse(lock.holder.pid)
    if (performance.now() > deadline + killMs) throw inUse(lock.holder.pid)
    if (performance.now() > deadline) kill(lock.holder)
    await delay(pollMs)
  }
}
