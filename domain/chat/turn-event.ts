// The events of a turn, and how their ids are made so that they strictly increase whoever publishes.
// An id's epoch is step × 1000 + attempt, so retries and later steps rise; the events of a step's tools lie in between.
import type { StoredProblem } from '../errors.ts'
import type { EventId } from '../event-id.ts'
import type { ApprovalStatus, Decision } from '../tools/approval.ts'
import type { ExecutionStatus } from '../tools/execution.ts'
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

interface ApprovalEvent {
  readonly approvalId: string
  readonly executionId: string
}

type Arguments = Readonly<Record<string, unknown>>

export interface ToolCalled {
  readonly callId: string
  readonly executionId: string
  readonly tool: string
  readonly arguments: Arguments
}

/** What happens to a call after it was made. */
export type ToolEvent =
  | {
      readonly type: 'approval.requested'
      readonly data: ApprovalEvent & {
        readonly tool: string
        readonly arguments: Arguments
        /** RFC 3339. */
        readonly expiresAt: string
      }
    }
  | {
      readonly type: 'approval.decided'
      /** `decision` where somebody has decided: the approval may still be pending after it. */
      readonly data: ApprovalEvent & { readonly status: ApprovalStatus; readonly decision?: Decision }
    }
  | {
      readonly type: 'tool.completed'
      readonly data: {
        readonly callId: string
        readonly executionId: string
        /** One of those that end a run. */
        readonly status: ExecutionStatus
        readonly result?: unknown
        readonly problem?: StoredProblem
      }
    }

type InStep<E> = E extends { readonly type: infer T; readonly data: infer D }
  ? { readonly type: T; readonly data: D & Pick<StepPosition, 'step'> }
  : never

export type TurnEvent =
  | InStep<ToolEvent>
  | { readonly type: 'tool.called'; readonly data: ToolCalled & Pick<StepPosition, 'step'> }
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

/** Above all attempts of the step: the calls that it made, in their order, whoever repeats it. */
export const calledEventId = (step: number, index: number): EventId => ({
  epoch: step * 1_000 + 900,
  sequence: index + 1,
})
/** Above those, and below the next step. */
export const toolEpoch = (step: number): number => step * 1_000 + 901

/** Above every step: the snapshot and the one terminal event of a turn have fixed ids, so that they can't be doubled. */
const finalEpoch = 9_000_000
export const startedEventId: EventId = { epoch: 0, sequence: 1 }
export const snapshotEventId: EventId = { epoch: finalEpoch, sequence: 1 }
export const terminalEventId: EventId = { epoch: finalEpoch, sequence: 2 }

const terminalTypes: readonly TurnEventType[] = ['turn.completed', 'turn.failed', 'turn.cancelled']
export const isTerminal = (type: string): boolean => (terminalTypes as readonly string[]).includes(type)
