// The schedule of a rotation policy: what it must be by the policy's row. Whoever changes the row calls one of these after
// the commit; the reconciliation does the same for what was missed.
import type { StoredPolicy } from '../../db/vault/rotation-policies.ts'
import { targetTimeoutMs } from '../../domain/vault/rotation-target.ts'
import type { RotationTrigger } from '../../domain/vault/rotation.ts'
import type { Platform } from '../platform.ts'
import { type PeriodicWorkflow, putSchedule, removeSchedule, scheduleIdOf } from './schedules.ts'

type SchedulePlatform = Pick<Platform, 'temporal' | 'config' | 'log'>

export const rotationSchedulePrefix = 'rotation/'
const scheduleName = (secretId: string): string => `${rotationSchedulePrefix}${secretId}`

/** As the workflow takes it: see its messages, which platform/ doesn't know. */
interface RotationStart {
  readonly secretId: string
  readonly trigger: RotationTrigger
  readonly targetTimeoutMs: number
}

export const rotationPeriod = (
  { config }: Pick<Platform, 'config'>,
  { secretId, target, everySeconds, anchoredAt }: StoredPolicy,
): PeriodicWorkflow => {
  const timeoutMs = targetTimeoutMs(target.rotator, config)
  const input: RotationStart = { secretId, trigger: 'schedule', targetTimeoutMs: timeoutMs }
  return {
    id: scheduleName(secretId),
    type: 'scheduledRotation',
    queue: 'rotation',
    input,
    everySeconds,
    anchoredAt,
    pauseOnFailure: true,
    summary: 'Starts a secret’s rotation when it is due',
  }
}

/** How long a request waits for Temporal before it leaves the schedule to the reconciliation. */
const deadlineMs = 3_000

async function within(platform: SchedulePlatform, secretId: string, work: () => Promise<void>): Promise<void> {
  try {
    await platform.temporal.withDeadline(Date.now() + deadlineMs, work)
  } catch (error) {
    platform.log.warn({ err: error, secretId }, 'a rotation’s schedule wasn’t changed; the reconciliation will do it')
  }
}

/** Never rejects. */
export const putRotationSchedule = (platform: SchedulePlatform, policy: StoredPolicy): Promise<void> =>
  within(platform, policy.secretId, () => putSchedule(platform, rotationPeriod(platform, policy), { resume: true }))

/** Never rejects. */
export const removeRotationSchedule = (platform: SchedulePlatform, secretId: string): Promise<void> =>
  within(platform, secretId, () => removeSchedule(platform, scheduleIdOf(platform, scheduleName(secretId))))
