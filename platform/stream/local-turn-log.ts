// The entries of one turn in memory, and the readers that follow them.
// A reader keeps only the id it has reached and looks the rest up, so a slow one holds no memory of its own.
import type { EventId } from '../../domain/event-id.ts'
import type { TurnEvent } from '../../domain/chat/turn-event.ts'
import { decodeEntry, type EncodedEntry, encodeEntry, endsStream, isAbove } from './encoded-entry.ts'
import { createLatch, type Latch } from './latch.ts'
import type { StreamEntry } from './turn-stream.ts'

/** The first entry above `after`; ids strictly increase. */
function firstAbove(entries: readonly EncodedEntry[], after: EventId | undefined): EncodedEntry | undefined {
  let low = 0
  let high = entries.length
  while (low < high) {
    const middle = (low + high) >>> 1
    const entry = entries[middle]
    if (entry !== undefined && isAbove(entry.id, after)) high = middle
    else low = middle + 1
  }
  return entries[low]
}

export class LocalTurnLog {
  #entries: EncodedEntry[] = []
  #ended = false
  readonly #readers = new Set<Latch>()

  get isEmpty(): boolean {
    return this.#entries.length === 0
  }

  /** True when nothing would be missed without this log. A waiting reader would miss the entries to come. */
  get isIdle(): boolean {
    return this.isEmpty && this.#readers.size === 0
  }

  append(entries: readonly StreamEntry[]): void {
    for (const entry of entries) {
      if (isAbove(entry.id, this.#entries.at(-1)?.id)) this.#entries.push(encodeEntry(entry))
    }
    this.#wakeReaders()
  }

  appendAt(epoch: number, events: readonly TurnEvent[]): void {
    for (const event of events) {
      const top = this.#entries.at(-1)?.id
      const next = top?.epoch === epoch ? top.sequence + 1 : 0
      this.append([{ id: { epoch, sequence: Math.max(Date.now(), next) }, event }])
    }
  }

  forgetEntries(): void {
    this.#entries = []
  }

  endReaders(): void {
    this.#ended = true
    this.#wakeReaders()
  }

  async *read(after: EventId | undefined, signal: AbortSignal): AsyncGenerator<StreamEntry, void> {
    const latch = createLatch()
    let last = after
    this.#readers.add(latch)
    signal.addEventListener('abort', latch.wake, { once: true })
    try {
      while (!signal.aborted && !this.#ended) {
        const next = firstAbove(this.#entries, last)
        if (next === undefined) {
          await latch.wait()
          continue
        }
        last = next.id
        const entry = decodeEntry(next)
        yield entry
        if (endsStream(entry)) return
      }
    } finally {
      signal.removeEventListener('abort', latch.wake)
      this.#readers.delete(latch)
    }
  }

  #wakeReaders(): void {
    for (const reader of this.#readers) reader.wake()
  }
}
