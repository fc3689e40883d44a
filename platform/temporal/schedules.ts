// Temporal Schedules by their id: made, or brought to the full desired form, and removed without a word when they aren't
// there. Pausing one by hand lasts, because an update keeps the state that it finds.
import {
  ScheduleAlreadyRunning,
  ScheduleNotFoundError,
  type ScheduleOptions,
  ScheduleOverlapPolicy,
  type ScheduleUpdateOptions,
} from '@temporalio/client'
import { type QueueName, taskQueue } from '../../domain/task-queues.ts'
import type { Platform } from '../platform.ts'

type SchedulePlatform = Pick<Platform, 'temporal' | 'config'>

export interface PeriodicWorkflow {
  /** Of the schedule, below the deployment's prefix; the workflow's id is it with the time behind it. */
  readonly id: string
  readonly type: string
  readonly queue: QueueName
  readonly input?: unknown
  readonly everySeconds: number
  /** The intervals are counted from here instead of the epoch. */
  readonly anchoredAt?: Date
  /** A failed run pauses the schedule. */
  readonly pauseOnFailure?: boolean
  readonly summary: string
}

/** Of the interval, and at most a minute: so that schedules don't fire together. */
const jitterShare = 0.1
const longestJitterMs = 60_000

export const scheduleIdOf = ({ config }: Pick<Platform, 'config'>, id: string): string =>
  `${config.temporal.queuePrefix}-${id}`

type Schedule = ScheduleOptions & ScheduleUpdateOptions

function toSchedule(platform: SchedulePlatform, periodic: PeriodicWorkflow): Omit<Schedule, 'state'> {
  const { id, type, queue, input, everySeconds, anchoredAt, pauseOnFailure = false, summary } = periodic
  const everyMs = everySeconds * 1_000
  const scheduleId = scheduleIdOf(platform, id)
  return {
    scheduleId,
    spec: {
      intervals: [{ every: everyMs, offset: (anchoredAt?.getTime() ?? 0) % everyMs }],
      jitter: Math.min(Math.round(everyMs * jitterShare), longestJitterMs),
    },
    action: {
      type: 'startWorkflow',
      workflowType: type,
      workflowId: scheduleId,
      taskQueue: taskQueue(platform.config.temporal.queuePrefix, queue),
      args: input === undefined ? [] : [input],
      staticSummary: summary,
    },
    policies: { overlap: ScheduleOverlapPolicy.SKIP, catchupWindow: '1 day', pauseOnFailure },
  }
}

/** `resume`: what paused it, a failure or a hand, is over. Any number of processes may do it at once. */
export async function putSchedule(
  platform: SchedulePlatform,
  periodic: PeriodicWorkflow,
  { resume = false }: { readonly resume?: boolean } = {},
): Promise<void> {
  const { scheduleId, ...desired } = toSchedule(platform, periodic)
  try {
    await platform.temporal.schedule.create({ scheduleId, ...desired })
  } catch (error) {
    if (!(error instanceof ScheduleAlreadyRunning)) throw error
    await platform.temporal.schedule
      .getHandle(scheduleId)
      .update(({ state }) => ({ ...desired, state: resume ? { ...state, paused: false } : state }))
  }
}

/** No effect where there is none. */
export async function removeSchedule({ temporal }: SchedulePlatform, scheduleId: string): Promise<void> {
  try {
    await temporal.schedule.getHandle(scheduleId).delete()
  } catch (error) {
    if (!(error instanceof ScheduleNotFoundError)) throw error
  }
}

/** The ids of this deployment's schedules that begin with `id`. A schedule that was just made or removed may be missed. */
export async function listSchedules(platform: SchedulePlatform, id: string): Promise<string[]> {
  const prefix = scheduleIdOf(platform, id)
  const found: string[] = []
  for await (const { scheduleId } of platform.temporal.schedule.list()) {
    if (scheduleId.startsWith(prefix)) found.push(scheduleId)
  }
  return found
}
