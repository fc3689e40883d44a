// The audit event of what the platform itself does with an approval, on behalf of whoever asked: one form, whoever does it.
import type { AuditAction, AuditDetails } from '../../domain/audit/event.ts'
import { appendAuditEvent } from '../audit/events.ts'
import type { Db } from '../database.ts'

export interface RecordedApproval {
  readonly approvalId: string
  readonly executionId: string
  readonly requesterId: string
  /** Where a workflow does it. */
  readonly workflowId?: string
  readonly runId?: string
  readonly details?: AuditDetails
}

export function recordApproval(
  tx: Db,
  action: Extract<AuditAction, `approval.${string}`>,
  { approvalId, executionId, requesterId, workflowId, runId, details }: RecordedApproval,
): Promise<string> {
  return appendAuditEvent(tx, {
    action,
    outcome: 'success',
    actor: { type: 'system' },
    onBehalfOf: requesterId,
    resource: { type: 'approval', id: approvalId },
    approvalId,
    workflowId,
    runId,
    details: { executionId, ...details },
  })
}
