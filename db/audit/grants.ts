// What the application's role may do to the log: read it and add to it, column by column, so that it can't say in which
// transaction a row was written. Partitions are reached through their parent alone.
import type { Db } from '../database.ts'

/** Table → the columns that the application gives; without columns, all of them. */
const insertable: Readonly<Record<string, readonly string[]>> = {
  audit_events: ['id', 'at', 'leaf', 'action', 'outcome', 'actor_id', 'resource_type', 'resource_id'],
  audit_leaves: [],
  audit_tree: [],
  audit_origins: ['number', 'origin', 'system_identifier', 'generation', 'first_size'],
  audit_roots: ['origin_number', 'size', 'root', 'xid_to'],
  audit_checkpoints: ['id', 'origin', 'size', 'root', 'note'],
}

/** SQL: true of a table, named by `column`, of which the log is made. */
export const isLogTable = (column: string): string =>
  `(${column} in (${Object.keys(insertable)
    .map((table) => `'${table}'`)
    .join(', ')}) or ${column} like 'audit\\_events\\_%')`

/** Takes everything on the log from the role that isn't reading and adding. `role` is a quoted name. */
export async function grantAuditTables(tx: Db, role: string): Promise<void> {
  const tables = await tx.query<{ name: string }>(
    `select format('%I', tablename) as name from pg_tables where schemaname = 'public' and ${isLogTable('tablename')}`,
  )
  await tx.execute(`revoke all on ${tables.map(({ name }) => name).join(', ')} from ${role}`)
  for (const [table, columns] of Object.entries(insertable)) {
    const given = columns.length === 0 ? '' : ` (${columns.join(', ')})`
    await tx.execute(`grant select, insert${given} on ${table} to ${role}`)
  }
  await tx.execute(`revoke update on audit_personal from ${role}`)
}
