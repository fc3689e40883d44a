// What goes in and out of a chat turn's workflow: ids only, the transcript stays in Postgres.
import type { WorkflowStart } from '../../domain/workflow-start.ts'

export interface ChatTurnInput {
  readonly turnId: string
  /** From the start of a model step to the end of its last retry. */
  readonly stepTimeoutMs: number
}

export const chatTurnWorkflowId = (turnId: string): string => `chat-turn/${turnId}`

export const chatTurnStart = (input: ChatTurnInput, userId: string): WorkflowStart => ({
  type: 'chatTurn',
  workflowId: chatTurnWorkflowId(input.turnId),
  queue: 'llm',
  input,
  userId,
  again: false,
  summary: 'Answers one message of a chat',
})
