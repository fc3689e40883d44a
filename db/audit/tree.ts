// The tree's hashes as they are stored: one row a leaf, and one row a full tile of 256 hashes (the tiles of C2SP
// tlog-tiles), so that a proof in a tree of a million leaves reads three rows and at most two runs of them.
import type { Db } from '../database.ts'

export const tileWidth = 256
const hashBytes = 32

/** Of the tile at `level`: 256 hashes of complete subtrees of 256^level leaves each. */
export interface TilePlace {
  readonly level: number
  readonly tile: number
}

export interface Tile extends TilePlace {
  readonly hashes: readonly Buffer[]
  /** The hash of the whole. */
  readonly root: Buffer
}

/** The hashes of a full tile; undefined while it isn't full. */
export async function findTile(db: Db, { level, tile }: TilePlace): Promise<Buffer[] | undefined> {
  const [row] = await db.query<{ hashes: Buffer }>('select hashes from audit_tree where level = $1 and tile = $2', [
    level,
    tile,
  ])
  return row && Array.from({ length: tileWidth }, (_, n) => row.hashes.subarray(n * hashBytes, (n + 1) * hashBytes))
}

/** The hashes of complete subtrees of 256^level leaves, from number `from` up to and without `to`, as far as there are. */
export async function readHashes(
  db: Db,
  { level, from, to }: { readonly level: number; readonly from: number; readonly to: number },
): Promise<Buffer[]> {
  const rows =
    level === 0
      ? await db.query<{ hash: Buffer }>(
          `select leaf_hash as hash from audit_leaves where leaf_index >= $1 and leaf_index < $2 order by leaf_index`,
          [from, to],
        )
      : await db.query<{ hash: Buffer }>(
          'select root as hash from audit_tree where level = $1 and tile >= $2 and tile < $3 order by tile',
          [level - 1, from, to],
        )
  return rows.map(({ hash }) => hash)
}

export async function insertTiles(tx: Db, tiles: readonly Tile[]): Promise<void> {
  if (tiles.length === 0) return
  await tx.execute(
    `insert into audit_tree (level, tile, hashes, root)
     select level, tile, decode(hashes, 'base64'), decode(root, 'base64')
     from unnest($1::smallint[], $2::bigint[], $3::text[], $4::text[]) as given (level, tile, hashes, root)`,
    [
      tiles.map(({ level }) => level),
      tiles.map(({ tile }) => tile),
      tiles.map(({ hashes }) => Buffer.concat(hashes).toString('base64')),
      tiles.map(({ root }) => root.toString('base64')),
    ],
  )
}
