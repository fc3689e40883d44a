// The rewrap: data keys under an old key are wrapped under the current one, batch by batch, and a key under which nothing
// is left is retired. What is done stands in the rows, so a run that dies goes on with what is left.
import { continueAsNew, proxyActivities, sleep, workflowInfo } from '@temporalio/workflow'
import type { Activities } from '../../activities/index.ts'
import type { RewrapKeysInput } from './messages.ts'

/** No count of attempts: restarts, and a database that is away, use them up. */
const { rewrapVersions, retireKeys } = proxyActivities<Activities>({
  startToCloseTimeout: '10 minutes',
  scheduleToCloseTimeout: '7 days',
  heartbeatTimeout: '10 seconds',
  retry: { initialInterval: '1 second', maximumInterval: '10 seconds' },
})

export async function rewrapKeys(input: RewrapKeysInput): Promise<void> {
  // Versions that somebody held were left out, and a new key may have come: it ends when nothing is left.
  while ((await rewrapVersions()) > 0 || (await retireKeys(input)) > 0) {
    if (workflowInfo().continueAsNewSuggested) await continueAsNew<typeof rewrapKeys>(input)
    await sleep('100 milliseconds')
  }
}
