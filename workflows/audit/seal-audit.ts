// One seal of the audit log. It is a workflow so that its schedule, its runs and its failures are seen where all others are.
import { proxyActivities } from '@temporalio/workflow'
import type { Activities } from '../../activities/index.ts'
import type { SealAuditInput, SealAuditResult } from '../../domain/audit/sealing.ts'

/** The next run of the schedule seals what this one couldn't: giving up early costs nothing. */
const { sealLog } = proxyActivities<Activities>({
  startToCloseTimeout: '5 minutes',
  scheduleToCloseTimeout: '10 minutes',
  heartbeatTimeout: '10 seconds',
  retry: { initialInterval: '1 second', maximumInterval: '10 seconds' },
})

export async function sealAudit(input: SealAuditInput): Promise<SealAuditResult> {
  return sealLog(input)
}
