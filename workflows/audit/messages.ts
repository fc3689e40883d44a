// How sealing is started: on its schedule, or at once by whoever may.
import type { SealAuditInput } from '../../domain/audit/sealing.ts'
import type { WorkflowStart } from '../../domain/workflow-start.ts'

export const sealAuditType = 'sealAudit'
export const sealAuditSummary = 'Seals the audit log and signs a checkpoint'

/** “Seal now”: one at a time; while it runs, another start joins it. */
export const sealAuditStart = (input: SealAuditInput, userId: string): WorkflowStart => ({
  type: sealAuditType,
  workflowId: 'seal-audit/now',
  queue: 'operations',
  input,
  userId,
  again: true,
  summary: sealAuditSummary,
})
