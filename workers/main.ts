// The workers: one for each task queue, all in this process or any subset of them.
import { Client } from '@temporalio/client'
import { NativeConnection, Worker } from '@temporalio/worker'
import { createActivities } from '../activities/index.ts'
import { type QueueName, queueNames, taskQueue } from '../domain/task-queues.ts'
import { countTokens } from '../platform/llm/tokens.ts'
import type { Platform } from '../platform/platform.ts'
import { temporalConnectionOptions } from '../platform/temporal/temporal-client.ts'
import { createDataConverter } from '../platform/temporal/data-converter.ts'
import { createFailureInterceptor } from './failure-interceptor.ts'
import { installRuntime } from './runtime.ts'
import { ensureSchedules } from './schedules.ts'
import { startSweep } from './sweep.ts'
import { loadWorkflowBundle } from './workflow-bundle.ts'

export interface RunningWorkers {
  /** What the server knows this process as. */
  readonly identity: string
  /** Rejects when a worker fails; resolves after `shutdown`. */
  readonly done: Promise<void>
  /** Stops polling, gives running activities the grace time, then cancels them. */
  shutdown(): Promise<void>
}

/** Activities at once: a model step mostly waits for its provider, a tool or a rotation for its target; ingestion mostly computes. */
const slots: Readonly<Record<QueueName, number>> = {
  llm: 100,
  tools: 50,
  documents: 4,
  rotation: 20,
  operations: 4,
}

export async function startWorkers(
  platform: Platform,
  { queues = queueNames }: { readonly queues?: readonly QueueName[] } = {},
): Promise<RunningWorkers> {
  installRuntime(platform.log)
  const { config } = platform
  loadTokenizer()
  const [connection, workflowBundle] = await Promise.all([
    NativeConnection.connect(await temporalConnectionOptions(config)),
    loadWorkflowBundle(platform.log),
  ])
  await ensureSchedules(platform, queues)
  const activities = createActivities(platform)
  const dataConverter = createDataConverter(platform)
  const workers = await Promise.all(
    queues.map((queue) =>
      Worker.create({
        connection,
        namespace: config.temporal.namespace,
        taskQueue: taskQueue(config.temporal.queuePrefix, queue),
        workflowBundle,
        dataConverter,
        activities,
        interceptors: { activity: [createFailureInterceptor(platform)] },
        maxConcurrentActivityTaskExecutions: slots[queue],
        stickyQueueScheduleToStartTimeout: '1s',
        maxHeartbeatThrottleInterval: '500ms',
        shutdownGraceTime: config.shutdownGraceMs,
        shutdownForceTime: config.shutdownGraceMs + 2_000,
      }),
    ),
  )
  const sweep = startSweep(platform, queues)
  const done = Promise.all(workers.map((worker) => worker.run())).then(() => {})
  const starter = new Client({ connection, namespace: config.temporal.namespace, dataConverter })
  const withdrawStarts = platform.eagerStarts.offer(queues, starter)
  const shutdown = async (): Promise<void> => {
    withdrawStarts()
    sweep.stop()
    for (const worker of workers) if (worker.getState() === 'RUNNING') worker.shutdown()
    await done.catch(() => {})
    await connection.close()
  }
  return { identity: workers[0]?.options.identity ?? '', done, shutdown }
}

/** The first count loads the vocabulary, which takes a quarter of a second: no turn should wait for that. */
function loadTokenizer(): void {
  countTokens(' ')
}
