// Files that are there whole or not at all, whoever reads them meanwhile and wherever the machine stops.
import { randomBytes } from 'node:crypto'
import { link, open, rename, rm, writeFile } from 'node:fs/promises'
import { dirname } from 'node:path'

const partialOf = (file: string): string => `${file}.${randomBytes(4).toString('hex')}.partial`

/** A name is on the disk once its directory is. */
async function syncDirectory(directory: string): Promise<void> {
  const handle = await open(directory)
  try {
    await handle.sync()
  } finally {
    await handle.close()
  }
}

async function put(file: string, content: string | Uint8Array, place: (partial: string) => Promise<void>) {
  const partial = partialOf(file)
  try {
    await writeFile(partial, content, { flag: 'wx', mode: 0o600, flush: true })
    await place(partial)
  } finally {
    await rm(partial, { force: true })
  }
  await syncDirectory(dirname(file))
}

/** On the disk when it resolves, in place of what was there. The directory must exist; the owner alone may read it. */
export async function replaceFile(file: string, content: string | Uint8Array): Promise<void> {
  await put(file, content, (partial) => rename(partial, file))
}

/** As `replaceFile`, but of many callers the first wins: false, and no change, where the file is there already. */
export async function createFile(file: string, content: string | Uint8Array): Promise<boolean> {
  try {
    // Unlike a renaming, a link fails where the name is taken.
    await put(file, content, (partial) => link(partial, file))
    return true
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'EEXIST') throw error
    return false
  }
}
