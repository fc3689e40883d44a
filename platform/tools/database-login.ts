// The login that a DSN holds, and what it may not be: a tool’s queries are written by a model, so that a login which could
// do harm by a mere query (leave its role, run programs, read the server's files) is refused before the first one.
import type { Client } from 'pg'
import { type DatabaseConfig, destinationOf } from '../../domain/tools/database-config.ts'
import { originOf } from '../../domain/vault/origin.ts'
import { AppError } from '../../domain/errors.ts'
import type { Login } from '../rotators/login.ts'

export interface DatabaseLogin extends Login {
  readonly database: string
}

const failed = (detail: string): AppError => new AppError('tool.failed', { detail })

function decoded(text: string): string {
  try {
    return decodeURIComponent(text)
  } catch {
    throw failed('The database’s DSN holds a % that encodes nothing.')
  }
}

/** Parameters of the DSN aren't used. Throws `tool.failed`, which never quotes it. */
export function parseDsn(dsn: string, config: DatabaseConfig): DatabaseLogin {
  if (!URL.canParse(dsn))
    throw failed('The database’s secret isn’t a DSN like postgres://user:password@host:port/database.')
  const { username, password, pathname } = new URL(dsn)
  if (originOf(dsn) === undefined || originOf(dsn) !== originOf(destinationOf(config)))
    throw failed('The database’s DSN names another host or port than the tool’s configuration.')
  const login = { username: decoded(username), password: decoded(password), database: decoded(pathname.slice(1)) }
  if (Object.values(login).includes('')) throw failed('The database’s DSN lacks a user, a password or a database.')
  return login
}

/** Predefined roles (Postgres' manual, chapter 21.5) whose members reach beyond their own tables. */
const powerfulRoles = [
  'pg_execute_server_program',
  'pg_read_server_files',
  'pg_write_server_files',
  'pg_write_all_data',
  'pg_signal_backend',
  'pg_maintain',
  'pg_checkpoint',
  'pg_create_subscription',
]

/** Also of roles that the login could turn into. Throws `tool.failed`. */
export async function requireUnprivileged(client: Client): Promise<void> {
  const { rows } = await client.query<{ version: string; role: string | null }>(
    `select version() as version, (
       select r.rolname from pg_roles r
       where (r.rolsuper or r.rolbypassrls or r.rolcreaterole or r.rolcreatedb or r.rolreplication or r.rolname = any($1))
         and pg_has_role(session_user, r.oid, 'MEMBER')
       order by r.rolname <> session_user, r.rolname limit 1) as role`,
    [powerfulRoles],
  )
  const { version = '', role = null } = rows[0] ?? {}
  // There, a query can become another role, and no time limit holds.
  if (/emscripten|wasm/i.test(version))
    throw failed('The database is PGlite, which can’t keep a query within its rights.')
  if (role === null) return
  throw failed(
    `The database’s login is, or may become, ${role}, a role that may do more than read. Give the tool a login without SUPERUSER, BYPASSRLS, CREATEROLE, CREATEDB, REPLICATION and without membership in such roles.`,
  )
}
