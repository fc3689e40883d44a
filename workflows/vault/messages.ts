// What goes in and out of rotations and of the rewrap of the vault's keys: ids and durations only. A query shows where a
// rotation's workflow stands, and its one signal asks for another look at the target, never for an outcome.
import type { WorkflowStart } from '../../domain/workflow-start.ts'
import type { RotationTrigger } from '../../domain/vault/rotation.ts'

export interface RotateSecretInput {
  readonly secretId: string
  readonly trigger: RotationTrigger
  /** How long a step tries to reach the target. */
  readonly targetTimeoutMs: number
}

/** `skipped`: there was nothing to rotate. */
export type RotationOutcome = 'completed' | 'rolled_back' | 'skipped'

/** The answer of the query `rotation`. */
export interface RotationView {
  readonly rotationId: string | null
  readonly stage: string
}

export const rotationQueryName = 'rotation'
export const probeSignalName = 'probe'
const rotateSecretType = 'rotateSecret'
export const reconcileSchedulesType = 'reconcileSchedules'

export const rotationWorkflowId = (secretId: string): string => `rotate/${secretId}`

export const rotateSecretStart = (input: RotateSecretInput, userId: string): WorkflowStart => ({
  type: rotateSecretType,
  workflowId: rotationWorkflowId(input.secretId),
  queue: 'rotation',
  input,
  userId,
  again: true,
  summary: 'Rotates one secret',
})

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
