// A process of a benchmark's own, for what must not share an event loop with what is measured. It ends when its channel
// to here closes.
import { type Serializable, fork } from 'node:child_process'
import { once } from 'node:events'
import { fileURLToPath } from 'node:url'
import type { BenchmarkContext } from './benchmark.ts'

export interface Child<Answer> {
  /** Resolves to its next message; throws when it ends instead. */
  answer(): Promise<Answer>
  /** Sends it something, and resolves to what it answers. */
  ask(request: Serializable): Promise<Answer>
}

export function startChild<Answer>(
  file: `${string}-process.ts`,
  args: readonly string[],
  { defer }: BenchmarkContext,
): Child<Answer> {
  const child = fork(fileURLToPath(new URL(file, import.meta.url)), args)
  const ended = once(child, 'exit').then(([code]) => {
    throw new Error(`${file} ended with ${String(code)}.`)
  })
  ended.catch(() => undefined)
  defer(async () => {
    if (child.connected) child.disconnect()
    await ended.catch(() => undefined)
  })
  const answer = async (): Promise<Answer> => {
    const [message] = await Promise.race([once(child, 'message'), ended])
    return message as Answer
  }
  return {
    answer,
    ask: (request) => {
      const answered = answer()
      child.send(request)
      return answered
    },
  }
}
