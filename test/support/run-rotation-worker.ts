// A worker of the rotation queue that can be stopped before and after any activity: it tells its parent that it is there,
// and waits for what to do. Run by a fork; its platform is that of the environment.
import { once } from 'node:events'
import { NativeConnection, Worker } from '@temporalio/worker'
import { createActivities } from '../../activities/index.ts'
import { AppError } from '../../domain/errors.ts'
import { taskQueue } from '../../domain/task-queues.ts'
import { parseConfig } from '../../platform/config.ts'
import { createPlatform } from '../../platform/create-platform.ts'
import { createDataConverter } from '../../platform/temporal/data-converter.ts'
import { temporalConnectionOptions } from '../../platform/temporal/temporal-client.ts'
import { createFailureInterceptor } from '../../workers/failure-interceptor.ts'
import { installRuntime } from '../../workers/runtime.ts'
import { loadWorkflowBundle } from '../../workers/workflow-bundle.ts'
import type { WorkerOrder } from './rotation-worker.ts'

let armed: string | undefined = process.argv[2]
process.on('message', (order: WorkerOrder) => {
  if (order.arm !== undefined) armed = order.arm
})
// Nobody is left to obey.
process.on('disconnect', () => process.exit(1))

/** Waits for an order where it is armed, once. */
async function at(point: string): Promise<WorkerOrder['go']> {
  if (point !== armed) return undefined
  armed = undefined
  process.send?.({ reached: point })
  for (;;) {
    const [order] = (await once(process, 'message')) as [WorkerOrder]
    if (order.go !== undefined) return order.go
  }
}

const config = parseConfig(process.env)
const platform = await createPlatform(config, { name: 'rotation-worker' })
installRuntime(platform.log)
const worker = await Worker.create({
  connection: await NativeConnection.connect(await temporalConnectionOptions(config)),
  namespace: config.temporal.namespace,
  taskQueue: taskQueue(config.temporal.queuePrefix, 'rotation'),
  dataConverter: createDataConverter(platform),
  workflowBundle: await loadWorkflowBundle(platform.log),
  activities: createActivities(platform),
  interceptors: {
    activity: [
      createFailureInterceptor(platform),
      ({ info }) => ({
        inbound: {
          execute: async (input, next) => {
            const before = await at(`before ${info.activityType}`)
            const result = before === 'twice' ? (await Promise.all([next(input), next(input)]))[0] : await next(input)
            const after = await at(`after ${info.activityType}`)
            if (after === 'twice') await next(input)
            if (after === 'lose') throw new AppError('service.unavailable', { detail: 'The reply was lost.' })
            return result
          },
        },
      }),
    ],
  },
  stickyQueueScheduleToStartTimeout: '1s',
  maxHeartbeatThrottleInterval: '500ms',
})
process.send?.({ ready: true })
await worker.run()
