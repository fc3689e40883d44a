// Which failures came before a first byte of the request had left: then it is known that nothing has happened at the host,
// and it needn't be said that it may have.

const unsent = new WeakSet<Error>()

export function markUnsent<T extends Error>(failure: T): T {
  unsent.add(failure)
  return failure
}

/** False for what failed on the way, or elsewhere: it may have arrived. */
export const isUnsent = (error: unknown): boolean => error instanceof Error && unsent.has(error)
