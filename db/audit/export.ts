// The log in the order of the tree, a run of leaves at a time: each run is a statement of its own, so that a slow reader
// of an export holds no transaction open, which would hold back the sealing.
import type { Db } from '../database.ts'

export interface SealedLeaf {
  readonly leafIndex: number
  readonly leafHash: Buffer
  readonly eventId: string
  /** The text that was hashed; null where the event isn't there any more. */
  readonly leaf: string | null
}

/** The leaves from number `from` up to and without `to`, as far as there are, in order. */
export async function readSealedLeaves(
  db: Db,
  { from, to }: { readonly from: number; readonly to: number },
): Promise<SealedLeaf[]> {
  const rows = await db.query<Omit<SealedLeaf, 'leafIndex'> & { readonly leafIndex: string }>(
    `select l.leaf_index as "leafIndex", l.leaf_hash as "leafHash", l.event_id as "eventId", e.leaf
     from audit_leaves l left join audit_events e on e.id = l.event_id and e.at = l.at
     where l.leaf_index >= $1 and l.leaf_index < $2 order by l.leaf_index`,
    [from, to],
  )
  return rows.map((row) => ({ ...row, leafIndex: Number(row.leafIndex) }))
}
