// Checks proofs by the algorithms of RFC 9162, 2.1.3.2 and 2.1.4.2: from the hashes alone, without the tree. They share
// nothing with what makes the proofs but the hash of two nodes.
import { nodeHash } from './merkle.ts'

const isOdd = (value: number): boolean => value % 2 === 1
const half = (value: number): number => Math.floor(value / 2)

export interface InclusionClaim {
  readonly leafHash: Uint8Array
  readonly index: number
  readonly size: number
  readonly hashes: readonly Uint8Array[]
  readonly root: Uint8Array
}

/** Whether the hashes prove that the leaf is number `index` of the tree with that size and root. */
export function verifyInclusion({ leafHash, index, size, hashes, root }: InclusionClaim): boolean {
  if (!Number.isSafeInteger(size) || !Number.isSafeInteger(index) || index < 0 || index >= size) return false
  let [node, last] = [index, size - 1]
  let hash = leafHash
  for (const sibling of hashes) {
    if (last === 0) return false
    if (isOdd(node) || node === last) {
      hash = nodeHash(sibling, hash)
      while (!isOdd(node) && node !== 0) [node, last] = [half(node), half(last)]
    } else {
      hash = nodeHash(hash, sibling)
    }
    ;[node, last] = [half(node), half(last)]
  }
  return last === 0 && Buffer.from(hash).equals(root)
}

export interface ConsistencyClaim {
  readonly from: number
  readonly to: number
  readonly fromRoot: Uint8Array
  readonly toRoot: Uint8Array
  readonly hashes: readonly Uint8Array[]
}

/** Whether the hashes prove that the tree of `from` leaves is the beginning of the one of `to`. */
export function verifyConsistency({ from, to, fromRoot, toRoot, hashes }: ConsistencyClaim): boolean {
  if (!Number.isSafeInteger(from) || !Number.isSafeInteger(to) || from < 1 || from > to) return false
  if (from === to) return hashes.length === 0 && Buffer.from(fromRoot).equals(toRoot)
  if (hashes.length === 0) return false
  let [node, last] = [from - 1, to - 1]
  while (isOdd(node)) [node, last] = [half(node), half(last)]
  // `node` is 0 here if and only if `from` is a power of two: then the old root is a node of the new tree.
  const [first = fromRoot, ...rest] = node === 0 ? [fromRoot, ...hashes] : hashes
  let [old, whole] = [first, first]
  for (const hash of rest) {
    if (last === 0) return false
    if (isOdd(node) || node === last) {
      ;[old, whole] = [nodeHash(hash, old), nodeHash(hash, whole)]
      while (!isOdd(node) && node !== 0) [node, last] = [half(node), half(last)]
    } else {
      whole = nodeHash(whole, hash)
    }
    ;[node, last] = [half(node), half(last)]
  }
  return last === 0 && Buffer.from(old).equals(fromRoot) && Buffer.from(whole).equals(toRoot)
}
