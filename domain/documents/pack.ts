// Groups items in order, as many in each as fit: sizes are added up first, because measuring every candidate as a
// whole would cost a multiple; only what a sum lets through is measured, since sums of tokens aren't exact.
import type { Steps } from '../steps.ts'

export interface Packing<T> {
  readonly size: (item: T) => number
  /** What the sizes of a group may add up to. */
  readonly budget: number
  readonly fits: (group: readonly T[]) => boolean
}

/** Every group holds at least one item, and fits unless it is a single item that doesn't. */
export function* pack<T>(items: readonly T[], { size, budget, fits }: Packing<T>): Steps<readonly (readonly T[])[]> {
  const sizes: number[] = []
  for (const item of items) {
    sizes.push(size(item))
    yield
  }
  const groups: (readonly T[])[] = []
  for (let from = 0, to = 0; from < items.length; from = to) {
    let sum = sizes[from] ?? 0
    for (to = from + 1; to < items.length && sum + (sizes[to] ?? 0) <= budget; to++) sum += sizes[to] ?? 0
    while (to - from > 1 && !fits(items.slice(from, to))) {
      to--
      yield
    }
    groups.push(items.slice(from, to))
  }
  return groups
}
