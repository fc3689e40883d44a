// Ingestion: parse → chunk → embed in batches → index. Each step leaves its result in the blob store under a key of its
// inputs, so a step that runs again, or a later run with the same inputs, finds it there.
import { CancellationScope, isCancellation, proxyActivities } from '@temporalio/workflow'
import type { Activities } from '../../activities/index.ts'
import { problemOf } from '../failure.ts'
import type { IngestDocumentInput } from './messages.ts'

const { parseDocument } = proxyActivities<Activities>({
  startToCloseTimeout: '15 minutes',
  heartbeatTimeout: '30 seconds',
  retry: { initialInterval: '1 second', maximumInterval: '10 seconds', maximumAttempts: 20 },
})
/** A model on the user's own machine may take minutes for a batch: the driver's own patience ends before this. */
const { embedChunks } = proxyActivities<Activities>({
  startToCloseTimeout: '6 minutes',
  scheduleToCloseTimeout: '30 minutes',
  heartbeatTimeout: '30 seconds',
  retry: { initialInterval: '1 second', maximumInterval: '30 seconds' },
})
const { chunkDocument, indexDocument } = proxyActivities<Activities>({
  startToCloseTimeout: '5 minutes',
  scheduleToCloseTimeout: '30 minutes',
  retry: { initialInterval: '1 second', maximumInterval: '10 seconds' },
})
const { failDocument } = proxyActivities<Activities>({
  startToCloseTimeout: '30 seconds',
  scheduleToCloseTimeout: '1 day',
})

/** How many batches are embedded at once: enough to hide a provider's latency, few enough to keep its rate limits. */
const parallelBatches = 3

export async function ingestDocument(input: IngestDocumentInput): Promise<void> {
  try {
    const parsed = await parseDocument(input)
    if (parsed === null) return
    const { batches } = await chunkDocument(input)
    let next = 0
    const embedRest = async (): Promise<void> => {
      while (next < batches) await embedChunks({ ...input, batch: next++ })
    }
    await Promise.all(Array.from({ length: parallelBatches }, embedRest))
    await indexDocument(input)
  } catch (error) {
    const problem = isCancellation(error)
      ? problemOf(undefined, 'internal')
      : problemOf(error, 'document.limit_exceeded')
    await CancellationScope.nonCancellable(() => failDocument({ ...input, problem }))
    throw error
  }
}
