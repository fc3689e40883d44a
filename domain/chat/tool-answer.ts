// What a model is told of a tool call: JSON of the result, or of what went wrong and what to mend. It is kept with the chat,
// so that it is bounded: an answer that no context window holds helps nobody.
import { type ErrorCode, type FieldFault, type StoredProblem, errorRegistry } from '../errors.ts'
import type { ExecutionStatus } from '../tools/execution.ts'

/** Characters of JSON; some 5,000 tokens. */
export const answerLimit = 20_000

export interface CallError {
  readonly code: ErrorCode
  readonly detail: string
  readonly errors?: readonly FieldFault[] | undefined
}

/** How a call has ended, by its run's row. */
export interface CallOutcome {
  readonly status: ExecutionStatus
  readonly result: unknown
  readonly problem: StoredProblem | null
  /** What whoever denied it gave as the reason. */
  readonly reason: string | null
  /** What an approver made of the arguments; null where it ran as it was called. */
  readonly ranWith: Readonly<Record<string, unknown>> | null
}

const editNote = 'Whoever approved it changed the arguments: it ran with these, not with yours.'

/** A text that is cut says so where it is cut. */
export function cutAnswer(json: string, limit: number): string {
  if (json.length <= limit) return json
  // Half of a surrogate pair can't be stored.
  const kept = json.slice(0, limit).replace(/[\uD800-\uDBFF]$/, '')
  return `${kept}… [cut here: ${json.length - kept.length} more characters]`
}

export const errorAnswer = (error: CallError): string => cutAnswer(JSON.stringify({ error }), answerLimit)

function errorOf({ status, problem, reason }: CallOutcome): CallError {
  const told = (code: ErrorCode, detail: string): CallError => ({ code, detail })
  if (status === 'denied') return told('tool.denied', reason ?? 'No reason was given. Don’t call it again for this.')
  if (status === 'expired') return told('tool.expired', 'It did not run.')
  if (status === 'cancelled') return told('tool.cancelled', 'It did not run, or was stopped.')
  if (problem === null) return told('tool.outcome_unknown', errorRegistry['tool.outcome_unknown'].title)
  const { code, title, detail = title, errors } = problem
  return { code, detail, ...(errors === undefined ? {} : { errors }) }
}

/** A run that hasn't ended when it is asked for has lost its workflow: nobody knows what became of it. */
export function answerOf(outcome: CallOutcome): string {
  const { status, result, ranWith } = outcome
  if (status !== 'succeeded') return errorAnswer(errorOf(outcome))
  const told = ranWith === null ? (result ?? null) : { note: editNote, arguments: ranWith, result: result ?? null }
  return cutAnswer(JSON.stringify(told), answerLimit)
}
