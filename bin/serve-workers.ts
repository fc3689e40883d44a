// The workers as a part of a process, in a module of their own: the API's process shouldn't load what they need.
import type { QueueName } from '../domain/task-queues.ts'
import type { Platform } from '../platform/platform.ts'
import { startWorkers } from '../workers/main.ts'
import type { ServingPart } from './run-process.ts'

/** All queues unless some are named. */
export async function serveWorkers(platform: Platform, queues?: readonly QueueName[]): Promise<ServingPart> {
  const workers = await startWorkers(platform, queues === undefined ? {} : { queues })
  return { done: workers.done, stop: () => workers.shutdown() }
}
