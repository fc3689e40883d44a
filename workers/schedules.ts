// What runs by the clock, as Temporal Schedules: each is made, or brought to what it should be, at every start of a worker
// of its queue. Pausing one by hand lasts: only the rest is brought back.
import { ScheduleAlreadyRunning, type ScheduleOptions, ScheduleOverlapPolicy } from '@temporalio/client'
import { type QueueName, taskQueue } from '../domain/task-queues.ts'
import type { Config } from '../platform/config.ts'
import type { Platform } from '../platform/platform.ts'
import { sealAuditSummary, sealAuditType } from '../workflows/audit/messages.ts'

interface PeriodicWorkflow {
  /** Of the schedule, below the deployment's prefix; the workflow's id is it with the time behind it. */
  readonly id: string
  readonly type: string
  readonly queue: QueueName
  readonly input: unknown
  readonly everySeconds: number
  readonly summary: string
}

const periodicWorkflows = ({ audit }: Config): readonly PeriodicWorkflow[] => [
  {
    id: 'seal-audit',
    type: sealAuditType,
    queue: 'operations',
    input: { emptySeconds: audit.sealSeconds / 2 },
    everySeconds: audit.sealSeconds,
    summary: sealAuditSummary,
  },
]

/** Of the interval: so that the schedules of many deployments don't fire together. */
const jitterShare = 0.1

function toSchedule(prefix: string, periodic: PeriodicWorkflow): ScheduleOptions {
  const { id, type, queue, input, everySeconds, summary } = periodic
  return {
    scheduleId: `${prefix}-${id}`,
    spec: {
      intervals: [{ every: everySeconds * 1_000 }],
      jitter: Math.round(everySeconds * 1_000 * jitterShare),
    },
    action: {
      type: 'startWorkflow',
      workflowType: type,
      workflowId: `${prefix}-${id}`,
      taskQueue: taskQueue(prefix, queue),
      args: [input],
      staticSummary: summary,
    },
    policies: { overlap: ScheduleOverlapPolicy.SKIP, catchupWindow: '1 day' },
  }
}

async function ensureSchedule({ temporal }: Pick<Platform, 'temporal'>, schedule: ScheduleOptions): Promise<void> {
  try {
    await temporal.schedule.create(schedule)
  } catch (error) {
    if (!(error instanceof ScheduleAlreadyRunning)) throw error
    const { spec, action, policies = {} } = schedule
    await temporal.schedule
      .getHandle(schedule.scheduleId)
      .update(({ state }) => ({ spec, action: { ...action, workflowId: schedule.scheduleId }, policies, state }))
  }
}

/** Makes the schedules of the queues that this process serves. Any number of workers may do it at once. */
export async function ensureSchedules(
  platform: Pick<Platform, 'temporal' | 'config'>,
  queues: readonly QueueName[],
): Promise<void> {
  const { config } = platform
  for (const periodic of periodicWorkflows(config)) {
    if (!queues.includes(periodic.queue)) continue
    await ensureSchedule(platform, toSchedule(config.temporal.queuePrefix, periodic))
  }
}
