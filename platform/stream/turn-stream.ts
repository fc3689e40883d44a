// The seam of a turn's event stream: tokens never enter workflow history, they go through here to any number of readers.
// Two implementations: `redis` (one Redis Stream a turn) and `local` (memory, when API and worker share a process).
import type { EventId } from '../../domain/event-id.ts'
import type { TurnEvent } from '../../domain/chat/turn-event.ts'

export interface StreamEntry {
  readonly id: EventId
  readonly event: TurnEvent
}

export interface TurnStream {
  /** Appends in order. An entry whose id isn't above the last one is dropped, so a repeated append is harmless. */
  append(turnId: string, entries: readonly StreamEntry[]): Promise<void>
  /**
   * Appends in order at an epoch that any number of processes write to, each event under an id above all that are there:
   * a time, or what follows the last one, so that ids rise even after the stream was lost. An event is dropped where the
   * stream has reached a later epoch.
   */
  appendAt(turnId: string, epoch: number, events: readonly TurnEvent[]): Promise<void>
  /** Lets the stream be forgotten after the retention; called after the terminal event. */
  expire(turnId: string): Promise<void>
  /**
   * All entries above `after` that exist, then those that come, until the signal aborts or after the terminal event.
   * Entries that were lost (trimmed, expired, or of a process that died) are skipped silently: see `isEmpty`.
   */
  read(turnId: string, options: { readonly after?: EventId; readonly signal: AbortSignal }): AsyncIterable<StreamEntry>
  /** True when nothing of the turn is held: the reader must fall back to Postgres once the turn has ended. */
  isEmpty(turnId: string): Promise<boolean>
  close(): Promise<void>
}
