// What runs by the clock, as Temporal Schedules: each is made, or brought to what it should be, at every start of a worker
// of its queue. Pausing one by hand lasts: only the rest is brought back.
import type { QueueName } from '../domain/task-queues.ts'
import type { Config } from '../platform/config.ts'
import type { Platform } from '../platform/platform.ts'
import { type PeriodicWorkflow, putSchedule } from '../platform/temporal/schedules.ts'
import { sealAuditSummary, sealAuditType } from '../workflows/audit/messages.ts'
import { reconcileSchedulesType } from '../workflows/vault/messages.ts'

const periodicWorkflows = ({ audit }: Config): readonly PeriodicWorkflow[] => [
  {
    id: 'seal-audit',
    type: sealAuditType,
    queue: 'operations',
    input: { emptySeconds: audit.sealSeconds / 2 },
    everySeconds: audit.sealSeconds,
    summary: sealAuditSummary,
  },
  {
    id: 'reconcile-schedules',
    type: reconcileSchedulesType,
    queue: 'operations',
    everySeconds: 60,
    summary: 'Keeps the schedules of rotations in step with their policies',
  },
]

/** Makes the schedules of the queues that this process serves. Any number of workers may do it at once. */
export async function ensureSchedules(
  platform: Pick<Platform, 'temporal' | 'config'>,
  queues: readonly QueueName[],
): Promise<void> {
  for (const periodic of periodicWorkflows(platform.config)) {
    if (queues.includes(periodic.queue)) await putSchedule(platform, periodic)
  }
}
