// What a policy's schedule starts. Its own id gets a time, so it is no mutex: the rotation is a child with the secret's id.
// One that runs already is no failure of this one, which would pause the schedule.
import { WorkflowExecutionAlreadyStartedError } from '@temporalio/common'
import { ChildWorkflowCancellationType, ParentClosePolicy, executeChild } from '@temporalio/workflow'
import { type RotateSecretInput, type RotationOutcome, rotationWorkflowId } from './messages.ts'
import { rotateSecret } from './rotate-secret.ts'

/** Fails when the rotation does: the schedule pauses then. */
export async function scheduledRotation(input: RotateSecretInput): Promise<RotationOutcome> {
  try {
    return await executeChild(rotateSecret, {
      workflowId: rotationWorkflowId(input.secretId),
      args: [input],
      staticSummary: 'Rotates one secret',
      // A rotation goes its own way once it has begun.
      parentClosePolicy: ParentClosePolicy.ABANDON,
      cancellationType: ChildWorkflowCancellationType.ABANDON,
    })
  } catch (error) {
    if (error instanceof WorkflowExecutionAlreadyStartedError) return 'skipped'
    throw error
  }
}
