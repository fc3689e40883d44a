// A database for each platform that a test starts, on the server that the environment names: a platform owns its tables,
// so two of them can't share one. It is known by the data directory, because a platform may be stopped and started again.
import { createHash } from 'node:crypto'
import { realpathSync } from 'node:fs'
import { type Db, openDatabase } from '../../db/database.ts'
import { applicationRole } from '../../platform/embedded/embedded-roles.ts'
import { databaseName } from '../../platform/embedded/multiplexer/startup-packet.ts'
import { socketDirectory, socketPort } from '../../platform/embedded/socket-directory.ts'

type Environment = Readonly<Record<string, string | undefined>>

const nameFor = (dataDir: string): string =>
  `cdsa_test_${createHash('sha256').update(dataDir).digest('hex').slice(0, 16)}`

/** The same server and role, another database. */
export function withDatabase(url: string, name: string): string {
  const named = new URL(url)
  named.pathname = `/${name}`
  return named.href
}

/** Runs `work` on one connection to a server. */
export async function onServer<T>(ownerUrl: string, work: (server: Db) => Promise<T>): Promise<T> {
  const server = openDatabase({ url: ownerUrl, poolSize: 1 })
  try {
    return await work(server)
  } finally {
    await server.close()
  }
}

/**
 * Drops a database under the owner's own connections; others get five seconds to end. `with (force)` refuses this owner
 * where the server's own vacuum is at work, which a plain drop ends.
 */
export async function dropDatabase(ownerUrl: string, name: string): Promise<void> {
  await onServer(ownerUrl, async (server) => {
    await server.query(
      `select pg_terminate_backend(pid) from pg_stat_activity where datname = $1 and backend_type = 'client backend'`,
      [name],
    )
    await server.execute(`drop database if exists ${name}`)
  })
}

/** The variables that point a platform at a database of its own, made if it is missing; none without a server. */
export async function platformDatabase(environment: Environment, dataDir: string): Promise<Record<string, string>> {
  const { DATABASE_URL: applicationUrl, DATABASE_OWNER_URL: ownerUrl } = environment
  if (!applicationUrl || !ownerUrl) return {}
  const name = nameFor(dataDir)
  await onServer(ownerUrl, async (server) => {
    const existing = await server.query('select 1 as found from pg_database where datname = $1', [name])
    if (existing.length === 0) await server.execute(`create database ${name}`)
  })
  return { DATABASE_URL: withDatabase(applicationUrl, name), DATABASE_OWNER_URL: withDatabase(ownerUrl, name) }
}

export async function dropPlatformDatabase(environment: Environment, dataDir: string): Promise<void> {
  const { DATABASE_OWNER_URL: ownerUrl } = environment
  if (!ownerUrl) return
  await dropDatabase(ownerUrl, nameFor(dataDir))
}

/** Where the application of the platform on this data directory connects: to a server, or to the embedded database. */
export function applicationDatabaseUrl(environment: Environment, dataDir: string): string {
  const { DATABASE_URL: applicationUrl } = environment
  if (applicationUrl) return withDatabase(applicationUrl, nameFor(dataDir))
  const query = new URLSearchParams({ host: socketDirectory(realpathSync(dataDir)), port: `${socketPort}` })
  return `postgres://${applicationRole}@localhost/${databaseName}?${query.toString()}`
}
