// What only the owner of the log's tables could do, and a superuser: changing it behind its triggers.
import type { Db } from '../../db/database.ts'

const tables = ['audit_events', 'audit_leaves', 'audit_tree', 'audit_origins', 'audit_roots', 'audit_checkpoints']

/** Runs statements as the owner with the triggers of the log switched off. */
export async function tamper(owner: Db, ...statements: readonly string[]): Promise<void> {
  await owner.transaction(async (tx) => {
    const rows = await tx.query<{ name: string }>(
      `select inhrelid::regclass::text as name from pg_inherits where inhparent = 'audit_events'::regclass`,
    )
    const all = [...tables, ...rows.map(({ name }) => name)]
    for (const table of all) await tx.execute(`alter table only ${table} disable trigger user`)
    for (const sql of statements) await tx.execute(sql)
    for (const table of all) await tx.execute(`alter table only ${table} enable trigger user`)
  })
}
