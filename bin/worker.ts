// Workers alone: `npm run worker`, or some of their queues: `npm run worker -- --queues llm,documents`.
import { parseArgs } from 'node:util'
import { type QueueName, queueNames } from '../domain/task-queues.ts'
import { runProcess } from './run-process.ts'
import { serveWorkers } from './serve-workers.ts'

/** Undefined: all of them. Ends the process for a name that is no queue. */
function readQueues(): QueueName[] | undefined {
  const { values } = parseArgs({ options: { queues: { type: 'string' } } })
  if (values.queues === undefined) return undefined
  const names = values.queues.split(',').map((name) => name.trim())
  const queues = queueNames.filter((queue) => names.includes(queue))
  if (queues.length === names.length) return queues
  process.stderr.write(`--queues takes a list of these, separated by commas: ${queueNames.join(', ')}\n`)
  return process.exit(1)
}

const queues = readQueues()
await runProcess({
  name: 'worker',
  requires: ['DATABASE_URL', 'TEMPORAL_ADDRESS', 'REDIS_URL'],
  serve: async (platform) => [await serveWorkers(platform, queues)],
})
