// Proofs about the log, each with the checkpoints that it ends in: what it takes to check them is in the answer, but for
// the key.
import { type StoredCheckpoint, findCheckpoint, findLatestCheckpoint } from '../../db/audit/checkpoints.ts'
import { getAuditEvent } from '../../db/audit/events.ts'
import { type Db, firstOrNotFound } from '../../db/database.ts'
import type { Consistency, Inclusion } from '../../domain/audit/views.ts'
import { AppError } from '../../domain/errors.ts'
import { consistencyProof, inclusionProof } from '../../platform/audit/merkle.ts'
import { createHashReader } from '../../platform/audit/tree-store.ts'

const toText = (hashes: readonly Buffer[]): string[] => hashes.map((hash) => hash.toString('base64'))

async function requireCheckpoint(db: Db, size: number): Promise<StoredCheckpoint> {
  const found = await findCheckpoint(db, size)
  return firstOrNotFound(found === undefined ? [] : [found], `checkpoint of size ${size}`)
}

/**
 * Proves that an event is in the log. Throws `resource.not_found` for an event or a checkpoint that doesn't exist, and
 * `audit.not_sealed` while the event isn't among the leaves of the checkpoint.
 */
export async function proveInclusion(
  db: Db,
  { eventId, treeSize }: { readonly eventId: string; readonly treeSize?: number | undefined },
): Promise<Inclusion> {
  const { leaf, leafIndex, disclosures } = await getAuditEvent(db, eventId)
  const checkpoint = treeSize === undefined ? await findLatestCheckpoint(db) : await requireCheckpoint(db, treeSize)
  if (leafIndex === null || checkpoint === undefined || leafIndex >= checkpoint.size)
    throw new AppError('audit.not_sealed', { detail: 'No checkpoint covers the event yet, or not the given one.' })
  const { size, note } = checkpoint
  const readHash = createHashReader(db)
  const [leafHash] = toText([await readHash(0, leafIndex)])
  const hashes = toText(await inclusionProof(leafIndex, size, readHash))
  const place = { leafIndex, treeSize: size, leafHash: leafHash ?? '', hashes, checkpoint: note }
  return { eventId: leaf.id, leaf, disclosures: [...disclosures], ...place }
}

/** Proves that one checkpoint continues another. Throws `resource.not_found` and `request.malformed`. */
export async function proveConsistency(
  db: Db,
  { from, to }: { readonly from: number; readonly to: number },
): Promise<Consistency> {
  if (from > to) throw new AppError('request.malformed', { detail: '“from” is the smaller of the two sizes.' })
  const [old, latest] = [await requireCheckpoint(db, from), await requireCheckpoint(db, to)]
  const hashes = toText(await consistencyProof(from, to, createHashReader(db)))
  return { from, to, hashes, fromCheckpoint: old.note, toCheckpoint: latest.note }
}
