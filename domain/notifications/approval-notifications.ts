// What is told of approvals: to those who may decide, and to whoever asked. Arguments stay where permission is checked anew:
// a notification may travel further than the approval itself.
import type { Approval } from '../tools/approval.ts'
import type { StoredProblem } from '../errors.ts'
import type { NotificationContent } from './notification.ts'

type Told = Pick<Approval, 'id' | 'executionId' | 'toolName' | 'expiresAt' | 'revision' | 'tier'>

const dataOf = ({ id, executionId, toolName, expiresAt }: Told) => ({
  approvalId: id,
  executionId,
  tool: toolName,
  expiresAt,
})

/** Asked for again under other rules, it is a new request. */
export const approvalRequestedNotification = (approval: Told): NotificationContent => ({
  kind: 'approval.requested',
  title: `A call of ${approval.toolName} waits for your decision`,
  body: `See its arguments, and decide by ${approval.expiresAt}: after that it is denied.`,
  data: dataOf(approval),
  dedupeKey: `approval:${approval.id}:requested:${approval.revision}`,
})

export const approvalDelegatedNotification = (approval: Told, tokenId: string): NotificationContent => ({
  ...approvalRequestedNotification(approval),
  body: `Somebody has named you to decide in their place. Do so by ${approval.expiresAt}: after that it is denied.`,
  dedupeKey: `approval:${approval.id}:delegated:${tokenId}`,
})

export const approvalEscalatedNotification = (approval: Told): NotificationContent => ({
  kind: 'approval.escalated',
  title: `A call of ${approval.toolName} waits for your decision now`,
  body: `Nobody has decided in time. See its arguments, and decide by ${approval.expiresAt}.`,
  data: { ...dataOf(approval), tier: approval.tier },
  dedupeKey: `approval:${approval.id}:escalated:${approval.revision}:${approval.tier}`,
})

export const approvalExpiringNotification = (approval: Told): NotificationContent => ({
  kind: 'approval.expiring',
  title: `A call of ${approval.toolName} will soon be denied`,
  body: `It waits for a decision until ${approval.expiresAt}.`,
  data: dataOf(approval),
  dedupeKey: `approval:${approval.id}:expiring:${approval.revision}`,
})

export const approvalDecidedNotification = (approval: Told, decision: 'approved' | 'denied'): NotificationContent => ({
  kind: 'approval.decided',
  title: `Your call of ${approval.toolName} was ${decision}`,
  body: decision === 'approved' ? 'It runs now.' : 'It won’t run. The approval says why, if whoever decided did.',
  data: { ...dataOf(approval), decision },
  dedupeKey: `approval:${approval.id}:decided:${approval.revision}`,
})

export const approvalExpiredNotification = (approval: Told): NotificationContent => ({
  kind: 'approval.expired',
  title: `Nobody decided on your call of ${approval.toolName} in time`,
  body: 'It won’t run. Call it again, if you still need it.',
  data: dataOf(approval),
  dedupeKey: `approval:${approval.id}:expired`,
})

export const toolFailedNotification = (
  run: { readonly id: string; readonly toolName: string; readonly turnId: string | null },
  { code, title, detail }: StoredProblem,
): NotificationContent => ({
  kind: 'tool.failed',
  title: `Your call of ${run.toolName} failed`,
  body: detail ?? `${title}.`,
  data: { executionId: run.id, tool: run.toolName, turnId: run.turnId, problemCode: code },
  dedupeKey: `tool-execution:${run.id}:failed`,
})
