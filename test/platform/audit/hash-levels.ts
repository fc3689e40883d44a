// All complete subtrees of a list of leaf hashes, in memory: the plainest store that proofs can be made from.
import { type ReadHash, nodeHash } from '../../../platform/audit/merkle.ts'

/** Level 0 is the leaves; each level has half as many hashes as the one below, without an incomplete last one. */
export function levelsOf(leaves: readonly Buffer[]): Buffer[][] {
  const levels: Buffer[][] = [[...leaves]]
  for (let below = levels[0] ?? []; below.length > 1; below = levels.at(-1) ?? []) {
    const level: Buffer[] = []
    for (let index = 0; index + 1 < below.length; index += 2)
      level.push(nodeHash(below[index] ?? Buffer.alloc(0), below[index + 1] ?? Buffer.alloc(0)))
    levels.push(level)
  }
  return levels
}

/** Fails for a subtree that isn't complete, so that nobody can rely on one. */
export const readHashOf =
  (levels: readonly (readonly Buffer[])[]): ReadHash =>
  async (level, index) => {
    const hash = levels[level]?.[index]
    if (hash === undefined) throw new Error(`There is no complete subtree ${index} of level ${level}.`)
    return hash
  }
