// One reader of one turn's Redis Stream: live messages, checked against the Stream wherever one may be missing.
// Invariant: what is yielded has strictly rising ids, and a live message is yielded only when nothing can lie before it.
import type { EventId } from '../../domain/event-id.ts'
import { decodeEntry, type EncodedEntry, endsStream, isAbove } from './encoded-entry.ts'
import { createLatch } from './latch.ts'
import { pageSize } from './redis-turn-store.ts'
import type { StreamEntry } from './turn-stream.ts'

/** Live messages kept for a slow reader; beyond that it reads the Stream when it gets there. */
const queueLimit = 2 * pageSize

/** Reads up to `pageSize` entries above an id; undefined when Redis can't be reached. Never rejects. */
export type FetchPage = (after: EventId | undefined) => Promise<readonly EncodedEntry[] | undefined>

export class RedisTurnReader {
  readonly #fetchPage: FetchPage
  readonly #news = createLatch()
  #last: EventId | undefined
  #queue: EncodedEntry[] = []
  #stale = true
  #ended = false

  constructor(options: { readonly after: EventId | undefined; readonly fetchPage: FetchPage }) {
    this.#last = options.after
    this.#fetchPage = options.fetchPage
  }

  /** A live message. */
  push(entry: EncodedEntry): void {
    this.#queue.push(entry)
    if (this.#queue.length > queueLimit) {
      this.#queue = []
      this.#stale = true
    }
    this.#news.wake()
  }

  /** Something may have been lost: the Stream is read again. */
  readonly reread = (): void => {
    this.#stale = true
    this.#news.wake()
  }

  /** The id of the Stream's top entry, from a look that was taken just in case. */
  compareTop(top: EventId | undefined): void {
    const newest = this.#queue.at(-1)?.id ?? this.#last
    if (this.#stale || (top !== undefined && isAbove(top, newest))) this.reread()
  }

  /** Ends `entries` quietly. */
  readonly end = (): void => {
    this.#ended = true
    this.#news.wake()
  }

  async *entries(): AsyncGenerator<StreamEntry, void> {
    while (!this.#ended) {
      const live = this.#stale ? undefined : this.#queue.shift()
      if (live === undefined && !this.#stale) {
        await this.#news.wait()
      } else if (live !== undefined && this.#follows(live.id)) {
        yield this.#take(live)
      } else if (live === undefined || isAbove(live.id, this.#last)) {
        this.#stale = false
        const reached = yield* this.#catchUp()
        if (!reached) await this.#postpone()
        else if (live !== undefined && !this.#ended && isAbove(live.id, this.#last)) yield this.#take(live)
      }
    }
  }

  /** All that the Stream holds above `last`. Returns false when Redis couldn't be asked. */
  async *#catchUp(): AsyncGenerator<StreamEntry, boolean> {
    for (;;) {
      const page = await this.#fetchUnlessEnded()
      if (page === undefined) return this.#ended
      for (const entry of page) {
        if (this.#ended) return true
        if (isAbove(entry.id, this.#last)) yield this.#take(entry)
      }
      if (page.length < pageSize) return true
    }
  }

  /** Undefined also when the reader was ended meanwhile: a Redis that hangs doesn't hold up who leaves. */
  async #fetchUnlessEnded(): Promise<readonly EncodedEntry[] | undefined> {
    const question: { answered: boolean; page: readonly EncodedEntry[] | undefined } = {
      answered: false,
      page: undefined,
    }
    const ask = async (): Promise<void> => {
      question.page = await this.#fetchPage(this.#last)
      question.answered = true
      this.#news.wake()
    }
    void ask()
    while (!question.answered && !this.#ended) await this.#news.wait()
    return question.page
  }

  /** Waits for news before Redis is asked again, unless a reread was asked for while it failed to answer. */
  async #postpone(): Promise<void> {
    const wanted = this.#stale
    this.#stale = true
    if (!wanted) await this.#news.wait()
  }

  #follows({ epoch, sequence }: EventId): boolean {
    return this.#last !== undefined && epoch === this.#last.epoch && sequence === this.#last.sequence + 1
  }

  #take(encoded: EncodedEntry): StreamEntry {
    const entry = decodeEntry(encoded)
    this.#last = encoded.id
    this.#ended ||= endsStream(entry)
    return entry
  }
}
