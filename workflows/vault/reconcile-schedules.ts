// Brings the schedules of all rotation policies in step with their rows, which are the truth.
import { proxyActivities } from '@temporalio/workflow'
import type { Activities } from '../../activities/index.ts'

/** The next run of its own schedule repairs what this one couldn't: giving up early costs nothing. */
const { reconcileRotationSchedules } = proxyActivities<Activities>({
  startToCloseTimeout: '5 minutes',
  scheduleToCloseTimeout: '10 minutes',
  heartbeatTimeout: '10 seconds',
  retry: { initialInterval: '1 second', maximumInterval: '10 seconds' },
})

export async function reconcileSchedules(): Promise<void> {
  await reconcileRotationSchedules({})
}
