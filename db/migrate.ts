// Applies pending migrations: all of them in one transaction that also holds an advisory lock, so that of many
// instances that start at once exactly one migrates, and a crash leaves either everything or nothing.
import { Umzug, type UmzugStorage } from 'umzug'
import { AppError } from '../domain/errors.ts'
import { lockFor } from './advisory-locks.ts'
import { grantAuditTables, isLogTable } from './audit/grants.ts'
import { ensureAuditPartitions } from './audit/partitions.ts'
import type { Db } from './database.ts'
import type { MigrationContext } from './migrations/migration.ts'
import { migrations } from './migrations/index.ts'

/** umzug's own Sequelize storage ignores the open transaction and would wait for itself on a single connection. */
function transactionStorage(tx: Db): UmzugStorage<MigrationContext> {
  return {
    executed: async () => {
      const rows = await tx.query<{ name: string }>('select name from schema_migrations order by name')
      return rows.map((row) => row.name)
    },
    logMigration: async ({ name }) => {
      await tx.execute('insert into schema_migrations (name) values ($1)', [name])
    },
    unlogMigration: async ({ name }) => {
      await tx.execute('delete from schema_migrations where name = $1', [name])
    },
  }
}

/**
 * Brings the schema up to date and resolves to the names of the migrations that this call ran. `db` connects as the
 * tables' owner; `applicationRole` (when it is another role) is granted what the application needs.
 */
export async function migrate(db: Db, applicationRole?: string): Promise<string[]> {
  const ran = await migrationTransaction(db, async (tx) => {
    await tx.execute(
      'create table if not exists schema_migrations (name text primary key, applied_at timestamptz not null default now())',
    )
    await refuseNewerSchema(tx)
    const context: MigrationContext = { sql: async (text) => void (await tx.sequelize.query(text)) }
    const umzug = new Umzug<MigrationContext>({
      migrations: migrations.map(({ name, up }) => ({ name, up: () => up(context) })),
      context,
      storage: transactionStorage(tx),
      logger: undefined,
    })
    const names = (await umzug.up()).map((migration) => migration.name)
    await ensureAuditPartitions(tx)
    if (applicationRole !== undefined) await grantApplicationRole(tx, applicationRole)
    return names
  })
  await refreshVectorParsers(db)
  return ran
}

/** An older release would write to tables that it doesn't know. */
async function refuseNewerSchema(tx: Db): Promise<void> {
  const known = migrations.map(({ name }) => name)
  const rows = await tx.query<{ name: string }>('select name from schema_migrations order by name')
  const unknown = rows.map(({ name }) => name).filter((name) => !known.includes(name))
  if (unknown.length === 0) return
  throw new AppError('service.unavailable', {
    detail: `The database is newer than this release: it has ${unknown.join(', ')}. Start the newer release.`,
  })
}

/** A transaction that changes the schema: one at a time over all instances. */
export function migrationTransaction<T>(db: Db, work: (tx: Db) => Promise<T>): Promise<T> {
  return db.transaction(async (tx) => {
    await tx.execute(`set local lock_timeout = '120s'`)
    await lockFor(tx, 'migration')
    return work(tx)
  })
}

/**
 * Lets the application read and write rows, and neither own nor change a table; the audit log it may only add to. Two grants
 * on one object at the same moment fail in Postgres, so they take turns, too.
 */
export async function grantApplicationRole(db: Db, role: string): Promise<void> {
  const name = `"${role.replaceAll('"', '""')}"`
  await migrationTransaction(db, async (tx) => {
    const tables = await tx.query<{ name: string }>(
      `select format('%I', tablename) as name from pg_tables where schemaname = 'public' and not ${isLogTable('tablename')}`,
    )
    await tx.execute(`grant usage on schema public to ${name}`)
    await tx.execute(
      `grant select, insert, update, delete on ${tables.map((table) => table.name).join(', ')} to ${name}`,
    )
    await tx.execute(`grant usage, select on all sequences in schema public to ${name}`)
    await tx.execute(`revoke insert, update, delete on schema_migrations from ${name}`)
    await tx.execute(`revoke update, delete on secret_access_log from ${name}`)
    await grantAuditTables(tx, name)
  })
}

/** Sequelize 6 reads type ids once, at its first connection: without this, vectors come back as strings after a first migration. */
async function refreshVectorParsers(db: Db): Promise<void> {
  const manager = (db.sequelize as unknown as { connectionManager: { _refreshDynamicOIDs?(): Promise<void> } })
    .connectionManager
  await manager._refreshDynamicOIDs?.()
}
