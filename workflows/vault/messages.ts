// What goes in and out of a secret's rotation: ids and durations only. The row in Postgres is what is true; a query shows
// where the workflow stands, and the one signal asks for another look at the target, never for an outcome.
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
export const rotateSecretType = 'rotateSecret'
export const scheduledRotationType = 'scheduledRotation'
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
