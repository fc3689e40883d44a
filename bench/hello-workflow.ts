// Runs the hello workflow on a Temporal server: worker and client both in this process.
import { randomUUID } from 'node:crypto'
import { fileURLToPath } from 'node:url'
import { Client, Connection } from '@temporalio/client'
import { NativeConnection, Worker } from '@temporalio/worker'
import { createLogger } from '../platform/logger.ts'
import { installRuntime } from '../workers/runtime.ts'
import type { BenchmarkContext } from './benchmark.ts'

const taskQueue = 'bench'

export interface HelloWorkflow {
  /** From its start to its result. */
  execute(): Promise<void>
  /** Resolves when a workflow of the platform has ended, however it did. */
  ended(workflowId: string): Promise<void>
}

export async function startHelloWorker(address: string, { defer }: BenchmarkContext): Promise<HelloWorkflow> {
  installRuntime(createLogger({ level: 'silent' }))
  const [native, connection] = await Promise.all([
    NativeConnection.connect({ address }),
    Connection.connect({ address }),
  ])
  defer(() => Promise.all([native.close(), connection.close()]))
  const worker = await Worker.create({
    connection: native,
    taskQueue,
    workflowsPath: fileURLToPath(new URL('workflows.ts', import.meta.url)),
    activities: { hello: async () => 'hello' },
    stickyQueueScheduleToStartTimeout: '1s',
  })
  const running = worker.run()
  defer(() => {
    worker.shutdown()
    return running
  })
  const client = new Client({ connection })
  return {
    execute: async () => void (await client.workflow.execute('helloWorkflow', { taskQueue, workflowId: randomUUID() })),
    ended: (workflowId) =>
      client.workflow
        .getHandle(workflowId)
        .result()
        .then(
          () => undefined,
          () => undefined,
        ),
  }
}
