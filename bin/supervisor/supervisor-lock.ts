// One supervisor per data directory: the embedded database's files bear no second opener. The lock is a file that names
// its holder; a holder that is dead, or whose pid means another process by now, has lost it.
import { linkSync, renameSync } from 'node:fs'
import { join } from 'node:path'
import { z } from 'zod'
import { identifyProcess, isAlive, type ProcessIdentity } from '../../platform/embedded/process-identity.ts'
import { StartError } from '../../platform/embedded/start-error.ts'
import { readJsonFile, removeFile, writeJsonFile } from './json-file.ts'
import { readRunFile } from './run-file.ts'

const holderSchema = z.object({ pid: z.number(), startedAt: z.string() })

export interface SupervisorLock {
  release(): void
}

/** The file appears with its content, so nobody can mistake a live holder's lock for a broken one. */
function take(file: string, self: ProcessIdentity | undefined): boolean {
  const draft = `${file}.${process.pid}`
  writeJsonFile(draft, self)
  try {
    linkSync(draft, file)
    return true
  } catch (error) {
    if ((error as { code?: string }).code === 'EEXIST') return false
    throw error
  } finally {
    removeFile(draft)
  }
}

/** Moves a dead holder's lock away; of several starters only one moves it, and a live one's is put back. */
async function clearDead(file: string): Promise<void> {
  const aside = `${file}.${process.pid}.old`
  try {
    renameSync(file, aside)
    const holder = holderSchema.safeParse(readJsonFile(aside)).data
    if (holder !== undefined && (await isAlive(holder))) linkSync(aside, file)
  } catch {
    // Another starter was faster: the next attempt to take the lock decides.
  } finally {
    removeFile(aside)
  }
}

/** Throws StartError, which names the other supervisor, when one is alive. */
export async function acquireSupervisorLock(dataDir: string): Promise<SupervisorLock> {
  const file = join(dataDir, 'supervisor.lock')
  const self = await identifyProcess(process.pid)
  for (let attempt = 0; attempt < 3; attempt += 1) {
    if (take(file, self)) return { release: () => removeFile(file) }
    const holder = holderSchema.safeParse(readJsonFile(file)).data
    if (holder !== undefined && (await isAlive(holder))) {
      const url = readRunFile(dataDir)?.apiUrl
      const where = url === undefined ? '' : ` and serves ${url}`
      throw new StartError(
        `CDSA already runs on ${dataDir}: process ${holder.pid} holds it${where}. Stop that one, or set CDSA_DATA_DIR.`,
      )
    }
    await clearDead(file)
  }
  throw new StartError(`${file} can't be taken: another process keeps taking it at the same time.`)
}
