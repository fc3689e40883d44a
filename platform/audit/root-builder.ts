// The root of a tree whose leaves come one by one: only the hashes of its complete subtrees are kept, one a level.
import { nodeHash } from './merkle.ts'

export interface RootBuilder {
  readonly size: number
  append(leafHash: Buffer): void
  /** The root of the leaves so far. Throws RangeError without any. */
  root(): Buffer
}

export function buildRoot(): RootBuilder {
  /** Of the complete subtrees that the leaves make, largest first: as many as `size` has binary ones. */
  const subtrees: Buffer[] = []
  let size = 0
  return {
    get size() {
      return size
    },
    append: (leafHash) => {
      let hash = leafHash
      for (let rest = size; rest % 2 === 1; rest = Math.floor(rest / 2)) hash = nodeHash(subtrees.pop() ?? hash, hash)
      subtrees.push(hash)
      size += 1
    },
    root: () => {
      if (size === 0) throw new RangeError('There is no leaf yet.')
      return subtrees.reduceRight((right, left) => nodeHash(left, right))
    },
  }
}
