// Where the embedded database's Unix socket lies: a directory that only this user can enter, because there is no
// password. Socket paths are limited to about 107 bytes, so a deep data directory gets a short place among temporary files.
import { createHash } from 'node:crypto'
import { chmod, lstat, mkdir } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { StartError } from './start-error.ts'

/** Clients derive the file's name from the port, as with libpq. */
export const socketPort = 5432
export const socketFile = (directory: string): string => join(directory, `.s.PGSQL.${socketPort}`)

/** `sun_path` has 108 bytes on Linux and 104 on macOS, with a NUL at its end. */
const longestPath = 100

/** The same directory for the same data directory at every start. */
export function socketDirectory(dataDirectory: string): string {
  const within = join(dataDirectory, 'run')
  if (Buffer.byteLength(socketFile(within)) <= longestPath) return within
  const name = createHash('sha256').update(dataDirectory).digest('hex').slice(0, 16)
  return join(tmpdir(), `cdsa-${name}`)
}

/** Makes the directory, for this user only. Throws StartError when something else is there. */
export async function makePrivateDirectory(directory: string): Promise<void> {
  await mkdir(directory, { recursive: true, mode: 0o700 })
  const found = await lstat(directory)
  const isOurs = found.isDirectory() && (process.getuid === undefined || found.uid === process.getuid())
  if (!isOurs) throw new StartError(`${directory} belongs to somebody else: remove it, or set CDSA_DATA_DIR.`)
  await chmod(directory, 0o700)
}
