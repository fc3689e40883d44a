// “Seal now”: an administrator doesn't wait for the schedule. The request is an event itself, so the seal covers it.
import { appendAuditEvent } from '../../db/audit/events.ts'
import { AppError } from '../../domain/errors.ts'
import type { Context } from '../../platform/platform.ts'
import { startWorkflow } from '../../platform/temporal/start-workflow.ts'
import { sealAuditStart } from '../../workflows/audit/messages.ts'
import { eventOf } from './audited.ts'

/** How long a request waits for Temporal. */
const startDeadlineMs = 5_000

/** Joins a seal that runs already. Throws `service.unavailable` when Temporal doesn't answer. */
export async function sealLog(context: Context): Promise<{ readonly workflowId: string }> {
  const { db, temporal, actor, config } = context
  const start = sealAuditStart({ emptySeconds: config.audit.sealSeconds }, actor.userId)
  const change = { action: 'audit.seal', resource: { type: 'audit_log' }, workflowId: start.workflowId } as const
  await db.transaction((tx) => appendAuditEvent(tx, eventOf(context, change)))
  try {
    await temporal.withDeadline(Date.now() + startDeadlineMs, () => startWorkflow(context, start))
  } catch (cause) {
    throw new AppError('service.unavailable', {
      detail: 'Temporal doesn’t answer: the next seal is the schedule’s.',
      cause,
    })
  }
  return { workflowId: start.workflowId }
}
