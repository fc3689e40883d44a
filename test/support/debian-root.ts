// The Debian 13 root that `.ci/debian-root` makes: real Postgres 17 with pgvector and Valkey, run from it by chroot.
import { execFile } from 'node:child_process'
import { access } from 'node:fs/promises'
import { join } from 'node:path'
import process from 'node:process'
import { fileURLToPath } from 'node:url'
import { promisify } from 'node:util'
import { cacheDirectory } from '../../platform/embedded/temporal-cli.ts'

/** The root that is there already; undefined where none was made, or where this user may not run anything in it. */
export async function findDebianRoot(): Promise<string | undefined> {
  const root = join(cacheDirectory(process.env), 'debian-13')
  return access(root).then(
    () => (process.getuid?.() === 0 ? root : undefined),
    () => undefined,
  )
}

/** Makes it where it is missing, which takes a minute. Rejects, saying what to set instead, without the right to. */
export async function makeDebianRoot(): Promise<string> {
  const script = fileURLToPath(new URL('../../.ci/debian-root', import.meta.url))
  const { stdout } = await promisify(execFile)('bash', [script], { maxBuffer: 64 * 1024 * 1024 })
  return stdout.trim()
}

/** The arguments of `chroot` that run a command in the root as one of its users; it dies with this process. */
export const inDebianRoot = (root: string, user: string, command: readonly string[]): string[] => [
  root,
  '/usr/bin/setpriv',
  `--reuid=${user}`,
  `--regid=${user}`,
  '--clear-groups',
  '--pdeathsig=KILL',
  ...command,
]
