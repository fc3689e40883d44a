// Lets one loop sleep until somebody has news for it.
// A wake that comes while the loop is busy is remembered, so that news between a check and the wait is never lost.

export interface Latch {
  readonly wake: () => void
  /** Resolves at the next `wake`, at once when there was one since the last wait, or after `atMostMs`. For one waiter at a time. */
  wait(atMostMs?: number): Promise<void>
}

export function createLatch(): Latch {
  let woken = false
  let resume: (() => void) | undefined
  const wake = (): void => {
    woken = true
    resume?.()
  }
  return {
    wake,
    wait: async (atMostMs) => {
      const timer = atMostMs === undefined ? undefined : setTimeout(wake, atMostMs)
      if (!woken) {
        await new Promise<void>((resolve) => {
          resume = resolve
        })
      }
      clearTimeout(timer)
      woken = false
      resume = undefined
    },
  }
}
