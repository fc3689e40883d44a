// The tree over its stored tiles: reads the hash of any complete subtree, and closes the tiles that new leaves have filled.
import { findTile, insertTiles, readHashes, type Tile, type TilePlace, tileWidth } from '../../db/audit/tree.ts'
import type { Db } from '../../db/database.ts'
import { AppError } from '../../domain/errors.ts'
import { type ReadHash, nodeHash } from './merkle.ts'

const tileHeight = 8

/** The hash over so many hashes as a power of two. */
function combine(hashes: readonly Buffer[]): Buffer {
  let row = hashes
  while (row.length > 1) {
    row = Array.from({ length: row.length / 2 }, (_, n) => nodeHash(row[2 * n] as Buffer, row[2 * n + 1] as Buffer))
  }
  const [root] = row
  if (root === undefined) throw new AppError('internal', { detail: 'The audit tree lacks a hash.' })
  return root
}

async function readTile(db: Db, place: TilePlace): Promise<readonly Buffer[]> {
  const full = await findTile(db, place)
  if (full !== undefined) return full
  const from = place.tile * tileWidth
  return readHashes(db, { level: place.level, from, to: from + tileWidth })
}

/**
 * Reads for one proof or one root: a tile that was read is kept. Throws `internal` for a subtree that isn't complete, or of
 * which hashes have gone.
 */
export function createHashReader(db: Db): ReadHash {
  const tiles = new Map<string, Promise<readonly Buffer[]>>()
  return async (level, index) => {
    const width = 2 ** (level % tileHeight)
    const first = index * width
    const place = { level: Math.floor(level / tileHeight), tile: Math.floor(first / tileWidth) }
    const key = `${place.level}/${place.tile}`
    const tile = tiles.get(key) ?? readTile(db, place)
    tiles.set(key, tile)
    const offset = first % tileWidth
    const hashes = (await tile).slice(offset, offset + width)
    if (hashes.length < width) throw new AppError('internal', { detail: 'The audit tree lacks a hash.' })
    return combine(hashes)
  }
}

/** Stores the tiles that the leaves from `from` up to `to` have filled; the leaves are there already. */
export async function closeTiles(tx: Db, { from, to }: { readonly from: number; readonly to: number }): Promise<void> {
  for (let level = 0, [before, after] = [from, to]; after >= tileWidth; level += 1) {
    const [first, end] = [Math.floor(before / tileWidth), Math.floor(after / tileWidth)]
    if (end > first) {
      const hashes = await readHashes(tx, { level, from: first * tileWidth, to: end * tileWidth })
      const tiles = Array.from({ length: end - first }, (_, n): Tile => {
        const own = hashes.slice(n * tileWidth, (n + 1) * tileWidth)
        return { level, tile: first + n, hashes: own, root: combine(own) }
      })
      await insertTiles(tx, tiles)
    }
    ;[before, after] = [first, end]
  }
}
