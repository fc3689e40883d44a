// The events of a turn, and how their ids are made so that they strictly increase whoever publishes.
// An id's epoch is step × 1000 + attempt, so retries and later steps rise.
import type { StoredProblem } from '../errors.ts'
import type { EventId } from '../event-id.ts'
import type { Message, Turn, Usage } from './chat.ts'

export interface Source {
  readonly marker: number
  readonly chunkId: string
  readonly documentId: string
  readonly documentTitle: string
  readonly page: number | null
  readonly score: number
}

/** Where in the turn an event belongs; a client drops events of a lower attempt of the same step. */
export interface StepPosition {
  /** From 1: one call of the model each. */
  readonly step: number
  /** From 1: a step that is tried again first publishes `turn.reset`. */
  readonly attempt: number
}

export type TurnEvent =
  | { readonly type: 'turn.started'; readonly data: { readonly turn: Turn } }
  | { readonly type: 'turn.reset'; readonly data: StepPosition }
  | { readonly type: 'retrieval.completed'; readonly data: StepPosition & { readonly sources: readonly Source[] } }
  | {
      readonly type: 'context.built'
      readonly data: StepPosition & { readonly tokens: number; readonly limit: number; readonly dropped: number }
    }
  | { readonly type: 'text.delta'; readonly data: StepPosition & { readonly text: string } }
  | { readonly type: 'reasoning.delta'; readonly data: StepPosition & { readonly text: string } }
  | { readonly type: 'usage.reported'; readonly data: StepPosition & { readonly usage: Usage } }
  | { readonly type: 'snapshot'; readonly data: { readonly message: Message } }
  | { readonly type: 'turn.completed'; readonly data: { readonly message: Message } }
  | { readonly type: 'turn.failed'; readonly data: { readonly problem: StoredProblem } }
  | { readonly type: 'turn.cancelled'; readonly data: { readonly message: Message | null } }

export type TurnEventType = TurnEvent['type']

export const stepEpoch = ({ step, attempt }: StepPosition): number => step * 1_000 + Math.min(attempt, 899)

/** Above every step: the snapshot and the one terminal event of a turn have fixed ids, so that they can't be doubled. */
const finalEpoch = 9_000_000
export const startedEventId: EventId = { epoch: 0, sequence: 1 }
export const snapshotEventId: EventId = { epoch: finalEpoch, sequence: 1 }
export const terminalEventId: EventId = { epoch: finalEpoch, sequence: 2 }

const terminalTypes: readonly TurnEventType[] = ['turn.completed', 'turn.failed', 'turn.cancelled']
export const isTerminal = (type: string): boolean => (terminalTypes as readonly string[]).includes(type)
