// The whole log as lines of an export, up to a checkpoint, in constant memory. Nothing of it is parsed or repaired on its
// way: what somebody did to the rows must reach the verifier as it is.
import { findDisclosures, type Disclosure } from '../../db/audit/events.ts'
import { type SealedLeaf, readSealedLeaves } from '../../db/audit/export.ts'
import { findTile, tileWidth } from '../../db/audit/tree.ts'
import type { Db } from '../../db/database.ts'
import { canonicalize } from '../../domain/audit/jcs.ts'
import { formatLine } from './export-line.ts'

/** The tree's own hash where its tile is full: a row that was changed together with its hash differs from it still. */
function formatEntry(entry: SealedLeaf, treeHash: Buffer | undefined, disclosures: readonly Disclosure[]): string {
  const hash = (treeHash ?? entry.leafHash).toString('base64')
  const shown = canonicalize(disclosures)
  return `{"disclosures":${shown},"leaf":${entry.leaf ?? 'null'},"leafHash":"${hash}","leafIndex":${entry.leafIndex}}\n`
}

/** The lines of the first `size` entries and of the checkpoint, each with its newline, some hundred at a time. */
export async function* exportLog(
  db: Db,
  { size, note }: { readonly size: number; readonly note: string },
): AsyncGenerator<string> {
  for (let from = 0; from < size; from += tileWidth) {
    const tile = await findTile(db, { level: 0, tile: from / tileWidth })
    const leaves = await readSealedLeaves(db, { from, to: Math.min(size, from + tileWidth) })
    const ids = leaves.filter(({ leaf }) => leaf !== null).map(({ eventId }) => eventId)
    const disclosures = await findDisclosures(db, ids)
    const lines = leaves.map((entry) =>
      formatEntry(entry, tile?.[entry.leafIndex - from], disclosures.get(entry.eventId) ?? []),
    )
    yield lines.join('')
  }
  yield formatLine({ checkpoint: note })
}
