// What goes in and out of a tool call's workflow: ids, tokens and durations. Nothing here grants anything: an approver's
// token is checked by the activity that uses it, against the rows.
import { toolCallWorkflowId } from '../../domain/tools/workflow-id.ts'
import type { WorkflowStart } from '../../domain/workflow-start.ts'

export interface ToolCallInput {
  readonly executionId: string
  /** From the start of a run to the end of its last try. */
  readonly timeoutMs: number
}

/** What an Update or a Signal carries. */
export interface ApprovalToken {
  readonly token: string
}

export const decideUpdateName = 'decide'
export const delegateUpdateName = 'delegate'
export const decideSignalName = 'decideBySignal'
export const delegateSignalName = 'delegateBySignal'
export const toolCallQueryName = 'toolCall'

/** The answer of the query. */
export interface ToolCallView {
  readonly executionId: string
  readonly approvalId: string | null
  readonly stage: string
}

export const toolCallStart = (input: ToolCallInput, userId: string): WorkflowStart => ({
  type: 'toolCall',
  workflowId: toolCallWorkflowId(input.executionId),
  queue: 'tools',
  input,
  userId,
  again: false,
  summary: 'Runs a tool, once it may',
})
