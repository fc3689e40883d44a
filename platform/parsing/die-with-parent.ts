// Ends a guarded process, and all that it started, as soon as its parent is gone.
// A thread of its own waits for that, because the main thread may be deep in a parser that never returns.
import { Worker } from 'node:worker_threads'

/** Standard input is a pipe that the parent holds open for all its life, so its end is the parent's. */
const wait = `
  const { readSync } = require('node:fs')
  const pause = new Int32Array(new SharedArrayBuffer(4))
  for (;;) {
    try {
      if (readSync(0, Buffer.alloc(1)) === 0) break
    } catch (error) {
      if (error.code !== 'EAGAIN') break
      Atomics.wait(pause, 0, 0, 200)
    }
  }
  process.kill(-process.pid, 'SIGKILL')`

/** For processes that lead a group of their own. */
export function dieWithParent(): void {
  const thread = new Worker(wait, { eval: true, execArgv: [] })
  thread.unref()
}
