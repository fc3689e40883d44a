// One mail with a link that sets a password. It is a workflow so that the mail goes out however long the mail server is away.
import { proxyActivities } from '@temporalio/workflow'
import type { Activities } from '../../activities/index.ts'
import type { SendPasswordMailInput } from './messages.ts'

/** Longer than any link holds: the activity ends by itself once its link is over. */
const { mailPasswordLink } = proxyActivities<Activities>({
  startToCloseTimeout: '2 minutes',
  scheduleToCloseTimeout: '4 days',
  heartbeatTimeout: '10 seconds',
  retry: { initialInterval: '1 second', maximumInterval: '1 minute' },
})

export async function sendPasswordMail(input: SendPasswordMailInput): Promise<void> {
  await mailPasswordLink(input)
}
