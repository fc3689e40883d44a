// The Merkle tree of RFC 6962 over any store of hashes: roots, and proofs that an entry is in a tree or that one tree
// continues another. Nothing here walks the leaves: a proof reads about log₂(size) hashes.
import { createHash } from 'node:crypto'

/** Reads the hash of the complete subtree number `index` of 2^level leaves. */
export type ReadHash = (level: number, index: number) => Promise<Buffer>

const sha256 = (...parts: readonly Uint8Array[]): Buffer => createHash('sha256').update(Buffer.concat(parts)).digest()
const leafPrefix = Buffer.from([0])
const nodePrefix = Buffer.from([1])

export const leafHash = (bytes: Uint8Array): Buffer => sha256(leafPrefix, bytes)
export const nodeHash = (left: Uint8Array, right: Uint8Array): Buffer => sha256(nodePrefix, left, right)
/** The root of a tree without leaves. */
export const emptyRoot = (): Buffer => sha256()

/** The leaves from `begin` up to and without `end`. */
interface Range {
  readonly begin: number
  readonly end: number
}

/** The exponent of the largest power of two that is less than `size`; sizes go beyond 32 bits. */
function splitLevel(size: number): number {
  let level = 0
  while (2 ** (level + 1) < size) level += 1
  return level
}

/** The hash of a range that begins at a multiple of the power of two that it fits into, as all ranges below do. */
async function rangeHash({ begin, end }: Range, readHash: ReadHash): Promise<Buffer> {
  const size = end - begin
  if (size === 1) return readHash(0, begin)
  const level = splitLevel(size)
  const half = 2 ** level
  if (size === 2 * half) return readHash(level + 1, begin / size)
  const left = await readHash(level, begin / half)
  return nodeHash(left, await rangeHash({ begin: begin + half, end }, readHash))
}

async function rangeHashes(ranges: readonly Range[], readHash: ReadHash): Promise<Buffer[]> {
  const hashes: Buffer[] = []
  for (const range of ranges) hashes.push(await rangeHash(range, readHash))
  return hashes
}

/** The root of the first `size` leaves. */
export async function rootOf(size: number, readHash: ReadHash): Promise<Buffer> {
  return size === 0 ? emptyRoot() : rangeHash({ begin: 0, end: size }, readHash)
}

/** PATH(m, D[n]) of RFC 6962 2.1.1, from the leaf upwards. Throws RangeError unless 0 ≤ index < size. */
export async function inclusionProof(index: number, size: number, readHash: ReadHash): Promise<Buffer[]> {
  if (index < 0 || index >= size) throw new RangeError(`There is no leaf ${index} in a tree of ${size}.`)
  const ranges: Range[] = []
  let range: Range = { begin: 0, end: size }
  while (range.end - range.begin > 1) {
    const middle = range.begin + 2 ** splitLevel(range.end - range.begin)
    const [left, right] = [
      { begin: range.begin, end: middle },
      { begin: middle, end: range.end },
    ]
    ranges.unshift(index < middle ? right : left)
    range = index < middle ? left : right
  }
  return rangeHashes(ranges, readHash)
}

/** PROOF(m, D[n]) of RFC 6962 2.1.2. Throws RangeError unless 1 ≤ from ≤ to. */
export async function consistencyProof(from: number, to: number, readHash: ReadHash): Promise<Buffer[]> {
  if (from < 1 || from > to) throw new RangeError(`A tree of ${to} doesn’t continue one of ${from}.`)
  const ranges: Range[] = []
  let range: Range = { begin: 0, end: to }
  while (range.end !== from) {
    const middle = range.begin + 2 ** splitLevel(range.end - range.begin)
    const [left, right] = [
      { begin: range.begin, end: middle },
      { begin: middle, end: range.end },
    ]
    ranges.unshift(from <= middle ? right : left)
    range = from <= middle ? left : right
  }
  // The old tree itself isn't part of the proof when it is a complete subtree of the new one: the verifier has its root.
  if (range.begin > 0) ranges.unshift(range)
  return rangeHashes(ranges, readHash)
}
