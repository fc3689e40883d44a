// What the mailing of a link is told: the link's id alone. Its token is derived where the mail is written.
import type { WorkflowStart } from '../../domain/workflow-start.ts'

export interface SendPasswordMailInput {
  readonly linkId: string
}

export const sendPasswordMailStart = (input: SendPasswordMailInput, userId: string): WorkflowStart => ({
  type: 'sendPasswordMail',
  workflowId: `password-mail/${input.linkId}`,
  queue: 'operations',
  input,
  userId,
  again: true,
  summary: 'Mails one link that sets a password',
})
