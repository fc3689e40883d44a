// Makes the entries that the tests of turn streams append, and collects what readers get.
// Texts carry their id, so that a wrong payload under a right id is seen too.
import { randomUUID } from 'node:crypto'
import { type EventId, formatEventId } from '../../../domain/event-id.ts'
import { type TurnEvent, terminalEventId } from '../../../domain/chat/turn-event.ts'
import type { StreamEntry, TurnStream } from '../../../platform/stream/turn-stream.ts'

export const newTurnId = (): string => randomUUID()

export const delta = (epoch: number, sequence: number, text = `${epoch}-${sequence} `): StreamEntry => ({
  id: { epoch, sequence },
  event: { type: 'text.delta', data: { step: Math.floor(epoch / 1_000), attempt: epoch % 1_000, text } },
})

/** Entries `from` to `to`, both included. */
export const deltas = (epoch: number, from: number, to: number): StreamEntry[] =>
  Array.from({ length: to - from + 1 }, (_, index) => delta(epoch, from + index))

export const toolEvent = (step: number, executionId: string): TurnEvent => ({
  type: 'approval.decided',
  data: { step, approvalId: 'a', executionId, status: 'approved' },
})

export const terminal: StreamEntry = { id: terminalEventId, event: { type: 'turn.cancelled', data: { message: null } } }

export const idsOf = (entries: readonly StreamEntry[]): string[] => entries.map(({ id }) => formatEventId(id))

/** A reader that runs by itself: `entries` grows, `done` resolves with all of them when the reader has ended. */
export interface RunningReader {
  readonly entries: readonly StreamEntry[]
  readonly done: Promise<readonly StreamEntry[]>
  /** Resolves as soon as there are so many entries. */
  reached(count: number): Promise<void>
  abort(): void
}

export function startReader(streams: TurnStream, turnId: string, after?: EventId): RunningReader {
  const controller = new AbortController()
  const entries: StreamEntry[] = []
  let waiting: { count: number; resolve: () => void }[] = []
  const settle = (): void => {
    for (const { count, resolve } of waiting) if (entries.length >= count) resolve()
    waiting = waiting.filter(({ count }) => entries.length < count)
  }
  const run = async (): Promise<readonly StreamEntry[]> => {
    const options = after === undefined ? { signal: controller.signal } : { signal: controller.signal, after }
    for await (const entry of streams.read(turnId, options)) {
      entries.push(entry)
      settle()
    }
    return entries
  }
  return {
    entries,
    done: run(),
    reached: (count) =>
      new Promise((resolve) => {
        waiting.push({ count, resolve })
        settle()
      }),
    abort: () => controller.abort(),
  }
}
