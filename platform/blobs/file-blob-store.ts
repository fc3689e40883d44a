// Blobs as files below one directory: originals at `sha256/ab/cd/<hash>`, derived data at `derived/<key>`.
// Everything is written beside its place and renamed into it, so that a name never leads to half a file.
import { createHash, randomUUID } from 'node:crypto'
import { createReadStream, createWriteStream } from 'node:fs'
import { access, mkdir, readFile, readdir, rename, rm, stat, writeFile } from 'node:fs/promises'
import { dirname, join } from 'node:path'
import type { Readable } from 'node:stream'
import { pipeline } from 'node:stream/promises'
import { AppError } from '../../domain/errors.ts'
import type { BlobStore } from './blob-store.ts'

/** No upload takes this long: what is older was left by a process that was killed. */
const abandonedMs = 24 * 3_600_000

const hash = /^[0-9a-f]{64}$/
const key = /^[\w@-][\w.@-]*(?:\/[\w@-][\w.@-]*)*$/
const maxKeyLength = 500

const isMissing = (error: unknown): boolean => (error as NodeJS.ErrnoException).code === 'ENOENT'

async function exists(path: string): Promise<boolean> {
  try {
    await access(path)
    return true
  } catch (error) {
    if (isMissing(error)) return false
    throw error
  }
}

function derivedPath(directory: string, derivedKey: string): string {
  if (!key.test(derivedKey) || derivedKey.length > maxKeyLength)
    throw new AppError('internal', { detail: 'A key of derived data is malformed.' })
  return join(directory, 'derived', derivedKey)
}

async function removeAbandoned(incoming: string): Promise<void> {
  for (const name of await readdir(incoming)) {
    const path = join(incoming, name)
    const age = await stat(path).then(
      ({ mtimeMs }) => Date.now() - mtimeMs,
      () => 0,
    )
    if (age > abandonedMs) await rm(path, { force: true })
  }
}

/** `fill` writes a new file, and says where it belongs once it is whole; nothing stays behind when it throws. */
type Place = (fill: (temporary: string) => Promise<string>) => Promise<void>

function createPlace(incoming: string): Place {
  let prepared = false
  const prepare = async (): Promise<void> => {
    if (prepared) return
    await mkdir(incoming, { recursive: true, mode: 0o700 })
    await removeAbandoned(incoming)
    prepared = true
  }
  return async (fill) => {
    await prepare()
    const temporary = join(incoming, randomUUID())
    try {
      const path = await fill(temporary)
      await mkdir(dirname(path), { recursive: true, mode: 0o700 })
      await rename(temporary, path)
    } catch (error) {
      await rm(temporary, { force: true })
      throw error
    }
  }
}

const fresh = { flags: 'wx', mode: 0o600, flush: true } as const

/** When it throws the file is closed: one that is still being opened would appear after the caller has removed it. */
async function writeWhole(
  source: Readable,
  count: (parts: AsyncIterable<Buffer>) => AsyncGenerator<Buffer, void>,
  path: string,
): Promise<void> {
  const sink = createWriteStream(path, fresh)
  const closed = new Promise<void>((resolve) => sink.once('close', () => resolve()))
  try {
    await pipeline(source, count, sink)
  } catch (error) {
    await closed
    throw error
  }
}

export function createFileBlobStore({ directory }: { readonly directory: string }): BlobStore {
  const place = createPlace(join(directory, 'incoming'))

  const originalPath = (sha256: string): string =>
    join(directory, 'sha256', sha256.slice(0, 2), sha256.slice(2, 4), sha256)

  const localPath = async (sha256: string): Promise<string> => {
    if (!hash.test(sha256) || !(await exists(originalPath(sha256)))) throw new AppError('resource.not_found')
    return originalPath(sha256)
  }

  return {
    put: async (source, { limitBytes }) => {
      const digest = createHash('sha256')
      let sizeBytes = 0
      let sha256 = ''
      async function* count(parts: AsyncIterable<Buffer>): AsyncGenerator<Buffer, void> {
        for await (const part of parts) {
          sizeBytes += part.length
          if (sizeBytes > limitBytes) throw new AppError('document.too_large')
          digest.update(part)
          yield part
        }
      }
      await place(async (temporary) => {
        await writeWhole(source, count, temporary)
        sha256 = digest.digest('hex')
        return originalPath(sha256)
      })
      return { sha256, sizeBytes }
    },
    open: async (sha256) => createReadStream(await localPath(sha256)),
    localPath,
    putDerived: async (derivedKey, bytes) => {
      const path = derivedPath(directory, derivedKey)
      await place(async (temporary) => {
        await writeFile(temporary, bytes, { flag: 'wx', mode: 0o600, flush: true })
        return path
      })
    },
    getDerived: async (derivedKey) => {
      try {
        return await readFile(derivedPath(directory, derivedKey))
      } catch (error) {
        if (isMissing(error)) return undefined
        throw error
      }
    },
  }
}
