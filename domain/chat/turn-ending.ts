// How a turn ended, and the events that say so: used by whoever ends it, and by a follower who finds it ended.
import type { Message } from './chat.ts'
import { type EventId } from '../event-id.ts'
import { type TurnEvent, snapshotEventId, terminalEventId } from './turn-event.ts'
import { type StoredProblem, toStoredProblem } from '../errors.ts'

export interface EndedTurn {
  readonly status: 'completed' | 'failed' | 'cancelled'
  readonly problem: StoredProblem | null
  readonly message: Message | null
}

function endingEvent({ status, problem, message }: EndedTurn): TurnEvent {
  if (status === 'cancelled') return { type: 'turn.cancelled', data: { message } }
  if (status === 'completed' && message !== null) return { type: 'turn.completed', data: { message } }
  return { type: 'turn.failed', data: { problem: problem ?? toStoredProblem(undefined) } }
}

/** The snapshot (where there is a message), then the one terminal event, under their fixed ids. */
export function endingEntries(ended: EndedTurn): { readonly id: EventId; readonly event: TurnEvent }[] {
  const terminal = { id: terminalEventId, event: endingEvent(ended) }
  if (ended.message === null) return [terminal]
  return [{ id: snapshotEventId, event: { type: 'snapshot', data: { message: ended.message } } }, terminal]
}
