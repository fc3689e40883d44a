// Runs a long computation a slice at a time, so that the process's other work, heartbeats and streams, goes on meanwhile.
import { setImmediate as nextTurn } from 'node:timers/promises'
import type { Steps } from '../domain/steps.ts'

/** Short beside everything that waits for the event loop: tokens go out every 15 ms. */
const sliceMs = 10

/** Gives the event loop a turn after each slice. Rejects with the signal's reason once that has aborted. */
export async function inSlices<Result>(steps: Steps<Result>, signal?: AbortSignal): Promise<Result> {
  for (;;) {
    signal?.throwIfAborted()
    const until = performance.now() + sliceMs
    while (performance.now() < until) {
      const { done, value } = steps.next()
      if (done === true) return value
    }
    await nextTurn()
  }
}
