// How rows become leaves: in the order of their transactions, once no transaction can add a row before them any more. The
// watermark is a snapshot's xmin, because sequences and times are given before a commit that may come late.
import type { Db } from '../database.ts'

/** What the cluster says of itself. Transaction ids are decimal texts: they have 64 bits. */
export interface ClusterState {
  readonly systemIdentifier: string
  /** Every transaction below it has ended. */
  readonly xmin: string
  /** No transaction has reached it: a row that names it came from elsewhere. */
  readonly xmax: string
}

/** Read before the rows are: whatever has ended by now, a later statement sees. */
export async function readClusterState(tx: Db): Promise<ClusterState> {
  const [state] = await tx.query<ClusterState>(
    `select system_identifier::text as "systemIdentifier", pg_snapshot_xmin(pg_current_snapshot())::text as xmin,
       pg_snapshot_xmax(pg_current_snapshot())::text as xmax from pg_control_system()`,
  )
  return state as ClusterState
}

export interface Origin {
  readonly number: number
  /** The name that checkpoints carry. */
  readonly origin: string
  readonly systemIdentifier: string
  readonly generation: number
}

/** The newest origin; undefined before the first seal. */
export async function findOrigin(db: Db): Promise<Origin | undefined> {
  const [row] = await db.query<Origin>(
    `select number, origin, system_identifier as "systemIdentifier", generation from audit_origins
     order by number desc limit 1`,
  )
  return row
}

export async function insertOrigin(tx: Db, origin: Origin & { readonly firstSize: number }): Promise<void> {
  await tx.execute(
    'insert into audit_origins (number, origin, system_identifier, generation, first_size) values ($1, $2, $3, $4, $5)',
    [origin.number, origin.origin, origin.systemIdentifier, origin.generation, origin.firstSize],
  )
}

export interface SealedRoot {
  readonly size: number
  readonly root: Buffer
  /** Every transaction below it is sealed; null while rows from before the origin are still being taken in. */
  readonly xidTo: string | null
  readonly at: Date
}

/** The newest root under this origin; undefined before its first seal. */
export async function findRoot(db: Db, originNumber: number): Promise<SealedRoot | undefined> {
  const [row] = await db.query<Omit<SealedRoot, 'size'> & { size: string }>(
    `select size, root, xid_to::text as "xidTo", at from audit_roots where origin_number = $1
     order by size desc limit 1`,
    [originNumber],
  )
  return row && { ...row, size: Number(row.size) }
}

export async function insertRoot(
  tx: Db,
  originNumber: number,
  { size, root, xidTo }: Omit<SealedRoot, 'at'>,
): Promise<void> {
  await tx.execute('insert into audit_roots (origin_number, size, root, xid_to) values ($1, $2, $3, $4::xid8)', [
    originNumber,
    size,
    root,
    xidTo,
  ])
}

/** How many leaves there are, under whatever origin. */
export async function countLeaves(db: Db): Promise<number> {
  const [row] = await db.query<{ size: string }>(
    'select coalesce(max(leaf_index) + 1, 0)::text as size from audit_leaves',
  )
  return Number(row?.size ?? 0)
}

const unsealed = 'not exists (select from audit_leaves l where l.event_id = e.id)'

/** Resolves to how many rows of the query `from`, whose first parameter is $2, became leaves. */
async function insertLeaves(tx: Db, size: number, from: { readonly sql: string; readonly bind: unknown[] }) {
  const [made] = await tx.query<{ count: number }>(
    `with made as (
       insert into audit_leaves (leaf_index, event_id, at, leaf_hash, xid)
       select $1::bigint + row_number() over (order by xid, id) - 1, id, at,
         sha256('\\x00'::bytea || convert_to(leaf, 'UTF8')), xid
       from (${from.sql}) as e returning 1)
     select count(*)::integer as count from made`,
    [size, ...from.bind],
  )
  return made?.count ?? 0
}

export interface TakenRows {
  readonly count: number
  /** Up to and without this transaction, every row is a leaf now; null: more are left to be taken in. */
  readonly xidTo: string | null
}

/**
 * Gives the rows of ended transactions from `xidFrom` on the next indices, about `limit` of them and never a part of a
 * transaction.
 */
export async function sealRows(
  tx: Db,
  input: { readonly size: number; readonly xidFrom: string; readonly xmin: string; readonly limit: number },
): Promise<TakenRows> {
  const range = `from audit_events e where xid >= $1::xid8 and xid < $2::xid8 and ${unsealed} order by xid, id limit 1`
  const [found] = await tx.query<{ first: string | null; next: string | null }>(
    `select (select xid ${range})::text as first, (select xid ${range} offset $3)::text as next`,
    [input.xidFrom, input.xmin, input.limit],
  )
  if (found === undefined || found.first === null) return { count: 0, xidTo: input.xmin }
  const { first, next } = found
  const xidTo = next === null ? input.xmin : next === first ? String(BigInt(next) + 1n) : next
  const count = await insertLeaves(tx, input.size, {
    sql: `select * from audit_events e where xid >= $2::xid8 and xid < $3::xid8 and ${unsealed}`,
    bind: [input.xidFrom, xidTo],
  })
  return { count, xidTo }
}

/**
 * The same for the first seals under an origin: any row that isn't a leaf, but those of transactions that may still run.
 * Rows of a restored database name transactions of another cluster, which say nothing here.
 */
export async function sealAnyRows(
  tx: Db,
  { size, limit, ...state }: Pick<ClusterState, 'xmin' | 'xmax'> & { readonly size: number; readonly limit: number },
): Promise<TakenRows> {
  const count = await insertLeaves(tx, size, {
    sql: `select * from audit_events e where (xid < $2::xid8 or xid >= $3::xid8) and ${unsealed}
      order by xid, id limit $4`,
    bind: [state.xmin, state.xmax, limit],
  })
  return { count, xidTo: count < limit ? state.xmin : null }
}

/** Seconds since the oldest event that no leaf stands for; null when there is none. */
export async function findUnsealedSeconds(db: Db): Promise<number | null> {
  const origin = await findOrigin(db)
  const xidTo = origin === undefined ? null : ((await findRoot(db, origin.number))?.xidTo ?? null)
  const [row] = await db.query<{ seconds: number | null }>(
    `select extract(epoch from now() - min(at))::float8 as seconds from audit_events e
     where xid >= $1::xid8 and ${unsealed}`,
    [xidTo ?? '0'],
  )
  return row?.seconds ?? null
}
