// The events of one step that wait to be sent: gives them their ids, and joins neighbouring text so that little waits.
// Joining loses nothing: the text of a step is the concatenation of its deltas, however they are cut.
import { type EventId } from '../../domain/event-id.ts'
import {
  isTerminal,
  snapshotEventId,
  startedEventId,
  type StepPosition,
  stepEpoch,
  terminalEventId,
  type TurnEvent,
} from '../../domain/chat/turn-event.ts'
import type { StreamEntry } from './turn-stream.ts'

type Delta = Extract<TurnEvent, { type: 'text.delta' | 'reasoning.delta' }>

export const isDelta = (event: TurnEvent): event is Delta =>
  event.type === 'text.delta' || event.type === 'reasoning.delta'

/** The one delta that says the same as two neighbours, or undefined when they aren't of a kind. */
function joinDeltas(first: TurnEvent | undefined, second: TurnEvent): TurnEvent | undefined {
  if (first === undefined || !isDelta(first) || !isDelta(second) || first.type !== second.type) return undefined
  const { step, attempt, text } = first.data
  if (step !== second.data.step || attempt !== second.data.attempt) return undefined
  return { type: second.type, data: { step, attempt, text: text + second.data.text } }
}

/** Events that a turn has only once have the same id whoever publishes them. */
function fixedId({ type }: TurnEvent): EventId | undefined {
  if (type === 'turn.started') return startedEventId
  if (type === 'snapshot') return snapshotEventId
  return isTerminal(type) ? terminalEventId : undefined
}

export interface PendingEvents {
  readonly size: number
  /** True when nothing but text waits. */
  readonly onlyText: boolean
  add(event: TurnEvent): void
  /** Removes all and gives them their ids: what has an id is never changed again, for a part of it may have arrived. */
  take(): StreamEntry[]
}

export function createPendingEvents(position: StepPosition): PendingEvents {
  const epoch = stepEpoch(position)
  let events: TurnEvent[] = []
  let sequence = 0
  return {
    get size() {
      return events.length
    },
    get onlyText() {
      return events.every(isDelta)
    },
    add: (event) => {
      const joined = joinDeltas(events.at(-1), event)
      if (joined === undefined) events.push(event)
      else events[events.length - 1] = joined
    },
    take: () => {
      const batch = events.map((event) => ({ id: fixedId(event) ?? { epoch, sequence: ++sequence }, event }))
      events = []
      return batch
    },
  }
}
