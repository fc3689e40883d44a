// What goes in and out of the rewrap of the vault's keys.
import type { WorkflowStart } from '../../domain/workflow-start.ts'

export interface RewrapKeysInput {
  /** The account that asked for it. */
  readonly requestedBy: string
}

/** One at a time: it brings everything under the key that is current while it runs. */
export const rewrapWorkflowId = 'rewrap-keys'

export const rewrapKeysStart = (input: RewrapKeysInput): WorkflowStart => ({
  type: 'rewrapKeys',
  workflowId: rewrapWorkflowId,
  queue: 'operations',
  input,
  userId: input.requestedBy,
  again: true,
  summary: 'Brings every version of a secret under the vault’s current key',
})
