// Ingestion: parse → chunk → embed in batches → index. Each step leaves its result in the blob store under a key of its
// inputs, so a step that runs again, or a later run with the same inputs, finds it there.
import { CancellationScope, isCancellation, patched, proxyActivities } from '@temporalio/workflow'
import type { Activities } from '../../activities/index.ts'
import { problemOf } from '../failure.ts'
import type { IngestDocumentInput } from './messages.ts'

/**
 * The heartbeat bounds how long a dead worker stays unnoticed. No count of attempts: restarts, and a database that is
 * away for an hour, use them up; failures of a document's own are bounded where they happen.
 */
const steps = {
  scheduleToCloseTimeout: '6 hours',
  heartbeatTimeout: '10 seconds',
  retry: { initialInterval: '1 second', maximumInterval: '10 seconds' },
} as const
const { parseDocument } = proxyActivities<Activities>({ ...steps, startToCloseTimeout: '15 minutes' })
/** A model on the user's own machine may take minutes for a batch: the driver's own patience ends before this. */
const { embedChunks } = proxyActivities<Activities>({ ...steps, startToCloseTimeout: '11 minutes' })
const { chunkDocument, indexDocument } = proxyActivities<Activities>({ ...steps, startToCloseTimeout: '5 minutes' })
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
    await (patched('several-batches-a-call') ? embedAll(input, batches) : embedEach(input, batches))
    await indexDocument(input)
  } catch (error) {
    const problem = isCancellation(error)
      ? problemOf(undefined, 'internal')
      : problemOf(error, 'document.limit_exceeded')
    await CancellationScope.nonCancellable(() => failDocument({ ...input, problem }))
    throw error
  }
}

/** Each takes every third batch, so that the progress of all is even. */
async function embedAll(input: IngestDocumentInput, batches: number): Promise<void> {
  const embedFrom = async (first: number): Promise<void> => {
    for (let batch = first; batch < batches; ) batch = await embedChunks({ ...input, batch, every: parallelBatches })
  }
  await Promise.all(Array.from({ length: parallelBatches }, (_, first) => embedFrom(first)))
}

/** As runs that began before `several-batches-a-call` go on. */
async function embedEach(input: IngestDocumentInput, batches: number): Promise<void> {
  let next = 0
  const embedRest = async (): Promise<void> => {
    while (next < batches) await embedChunks({ ...input, batch: next++ })
  }
  await Promise.all(Array.from({ length: parallelBatches }, embedRest))
}
