// Checkpoints: what was signed about the log, and under which names it has been signed.
import { type Page, type PageQuery, toPage } from '../../domain/resource.ts'
import type { Db } from '../database.ts'
import { newId } from '../ids.ts'
import { olderThan } from '../keyset.ts'

export interface StoredCheckpoint {
  readonly id: string
  readonly origin: string
  readonly size: number
  readonly root: Buffer
  /** The signed note. */
  readonly note: string
  readonly at: Date
}

type CheckpointRow = Omit<StoredCheckpoint, 'size'> & { readonly size: string }
const columns = 'id, origin, size, root, note, at'
const toCheckpoint = (row: CheckpointRow): StoredCheckpoint => ({ ...row, size: Number(row.size) })

export async function insertCheckpoint(
  tx: Db,
  { origin, size, root, note }: Omit<StoredCheckpoint, 'id' | 'at'>,
): Promise<void> {
  await tx.execute('insert into audit_checkpoints (id, origin, size, root, note) values ($1, $2, $3, $4, $5)', [
    newId(),
    origin,
    size,
    root,
    note,
  ])
}

/** The newest checkpoint, of one origin or of any; undefined before the first. */
export async function findLatestCheckpoint(db: Db, origin?: string): Promise<StoredCheckpoint | undefined> {
  const [row] = await db.query<CheckpointRow>(
    `select ${columns} from audit_checkpoints where $1::text is null or origin = $1 order by id desc limit 1`,
    [origin ?? null],
  )
  return row && toCheckpoint(row)
}

/** The newest checkpoint of exactly this size. */
export async function findCheckpoint(db: Db, size: number): Promise<StoredCheckpoint | undefined> {
  const [row] = await db.query<CheckpointRow>(
    `select ${columns} from audit_checkpoints where size = $1 order by id desc limit 1`,
    [size],
  )
  return row && toCheckpoint(row)
}

/** All checkpoints, newest first. */
export async function listCheckpoints(db: Db, { limit, after }: PageQuery): Promise<Page<StoredCheckpoint>> {
  const rows = await db.query<CheckpointRow>(
    `select ${columns} from audit_checkpoints where ${olderThan('id', '$1')} order by id desc limit $2`,
    [after ?? null, limit + 1],
  )
  return toPage(rows.map(toCheckpoint), limit)
}
