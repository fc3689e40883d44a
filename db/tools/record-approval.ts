// The audit event of what the platform itself does with an approval: on behalf of whoever asked, in the run's workflow.
import { appendAuditEvent } from '../../db/audit/events.ts'
import type { Db } from '../../db/database.ts'
import type { AuditAction, AuditDetails } from '../../domain/audit/event.ts'
import { workflowOf } from '../workflow-of.ts'

export interface RecordedApproval {
  readonly approvalId: string
  readonly executionId: string
  readonly requesterId: string
  readonly details?: AuditDetails
}

export function recordApproval(
  tx: Db,
  action: Extract<AuditAction, `approval.${string}`>,
  { approvalId, executionId, requesterId, details }: RecordedApproval,
): Promise<string> {
  return appendAuditEvent(tx, {
    action,
    outcome: 'success',
    actor: { type: 'system' },
    onBehalfOf: requesterId,
    resource: { type: 'approval', id: approvalId },
    approvalId,
    ...workflowOf(),
    details: { executionId, ...details },
  })
}
