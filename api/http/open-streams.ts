// The event streams that are open, so that a shutdown can end them: they'd never end by themselves.

export interface OpenStreams {
  readonly size: number
  /** True from `closeAll` on. */
  readonly closed: boolean
  /** `end` is called at the shutdown, at once when that has come already. Returns what takes the stream off the list. */
  add(end: () => void): () => void
  /** Ends all streams, and those that are added later. */
  closeAll(): void
}

export function createOpenStreams(): OpenStreams {
  const ends = new Set<() => void>()
  let closed = false
  return {
    get size() {
      return ends.size
    },
    get closed() {
      return closed
    },
    add: (end) => {
      // A wrapper of its own, for the same function may be added twice.
      const entry = (): void => end()
      ends.add(entry)
      if (closed) entry()
      return () => void ends.delete(entry)
    },
    closeAll: () => {
      closed = true
      for (const end of ends) end()
    },
  }
}
