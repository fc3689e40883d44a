// An entry of a turn's stream as it is kept and sent: its id, and the event as JSON text.
// Text, because readers of one process must never share an object that one of them could change.
import { compareEventIds, type EventId } from '../../domain/event-id.ts'
import { isTerminal, terminalEventId } from '../../domain/chat/turn-event.ts'
import type { StreamEntry } from './turn-stream.ts'

export interface EncodedEntry {
  readonly id: EventId
  readonly payload: string
}

export const encodeEntry = ({ id, event }: StreamEntry): EncodedEntry => ({ id, payload: JSON.stringify(event) })

/** A fresh object with every call. */
export const decodeEntry = ({ id, payload }: EncodedEntry): StreamEntry => ({
  id,
  event: JSON.parse(payload) as StreamEntry['event'],
})

export const isAbove = (id: EventId, last: EventId | undefined): boolean =>
  last === undefined || compareEventIds(id, last) > 0

export const endsStream = (entry: StreamEntry): boolean => isTerminal(entry.event.type)

/** True for a reader that has had the terminal event already: nothing can come after it. */
export const isPastEnd = (after: EventId | undefined): boolean =>
  after !== undefined && compareEventIds(after, terminalEventId) >= 0
