// What to do about a database that can't be prepared, in words for the person at the terminal.
import { AppError } from '../domain/errors.ts'
import { isDatabaseUnavailable } from '../db/is-database-unavailable.ts'
import { StartError } from '../platform/embedded/start-error.ts'

/** By SQLSTATE. */
const advice: Readonly<Record<string, string>> = {
  '28P01': 'refuses the password: check the user and the password in it',
  '28000': 'refuses the user: check the user in it, and the server’s pg_hba.conf',
  '3D000': 'has no database of that name: create it first',
  '0A000': 'lacks the extension pgvector: install it on the server (Debian: postgresql-17-pgvector)',
  '58P01': 'lacks the extension pgvector: install it on the server (Debian: postgresql-17-pgvector)',
  '42501':
    'denies the role what migrations need: set DATABASE_OWNER_URL to a role that may create tables and extensions',
}

function sqlStateOf(error: unknown): string | undefined {
  const parent = error instanceof Error ? (error as { parent?: unknown }).parent : undefined
  const code = (parent as { code?: unknown } | undefined)?.code
  return typeof code === 'string' ? code : undefined
}

/** A StartError that names the server and what to change, or the error itself where there is nothing to advise. */
export function explainDatabaseFailure(error: unknown, url: string): unknown {
  if (error instanceof AppError && error.detail !== undefined) return new StartError(error.detail)
  const { hostname, port, pathname } = new URL(url)
  const where = `The database ${pathname.slice(1)} at ${hostname}:${port || '5432'} (DATABASE_OWNER_URL, or else DATABASE_URL)`
  const known = advice[sqlStateOf(error) ?? '']
  if (known !== undefined) return new StartError(`${where} ${known}.`)
  if (!isDatabaseUnavailable(error)) return error
  return new StartError(`${where} can’t be reached: check that the server runs and that the address is right.`)
}
