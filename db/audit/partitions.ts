// The months of the log, one partition each, made ahead by the tables' owner at every start. What no month takes goes to
// the default partition, so that a platform that runs for years without a start still keeps its log.
import type { Db } from '../database.ts'

/** The current month and so many after it. */
const monthsAhead = 13

interface Month {
  readonly table: string
  readonly from: string
  readonly to: string
}

function monthOf(now: Date, offset: number): Month {
  const start = new Date(Date.UTC(now.getUTCFullYear(), now.getUTCMonth() + offset, 1))
  const end = new Date(Date.UTC(start.getUTCFullYear(), start.getUTCMonth() + 1, 1))
  return {
    table: `audit_events_${start.toISOString().slice(0, 7).replace('-', '_')}`,
    from: start.toISOString(),
    to: end.toISOString(),
  }
}

/**
 * Makes the months that are missing and resolves to their tables' names. `tx` is a transaction of the owner under the
 * migration lock. A month of which the default partition holds rows already stays there.
 */
export async function ensureAuditPartitions(tx: Db, now = new Date()): Promise<string[]> {
  const rows = await tx.query<{ table: string }>(
    `select c.relname as table from pg_inherits i join pg_class c on c.oid = i.inhrelid
     where i.inhparent = 'audit_events'::regclass`,
  )
  const existing = new Set(rows.map(({ table }) => table))
  const made: string[] = []
  for (let offset = 0; offset <= monthsAhead; offset += 1) {
    const { table, from, to } = monthOf(now, offset)
    if (existing.has(table) || (await isInDefault(tx, from, to))) continue
    await tx.execute(`create table ${table} partition of audit_events for values from ('${from}') to ('${to}')`)
    await tx.execute(`create trigger ${table}_append_only before update or delete or truncate on ${table}
      for each statement execute function audit_refuse_change()`)
    made.push(table)
  }
  return made
}

async function isInDefault(tx: Db, from: string, to: string): Promise<boolean> {
  const rows = await tx.query('select 1 as found from audit_events_default where at >= $1 and at < $2 limit 1', [
    from,
    to,
  ])
  return rows.length > 0
}
