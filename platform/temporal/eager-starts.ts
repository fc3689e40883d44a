// Where the process that starts a workflow also runs its queue's worker, over one connection, the server hands the first
// task over in its answer to the start, instead of by way of the queue. See “eager workflow start” in Temporal's documentation.
import type { Client } from '@temporalio/client'
import type { QueueName } from '../../domain/task-queues.ts'

export interface EagerStarts {
  /** The client to start a workflow of this queue by; undefined where no worker of this process serves it. */
  clientFor(queue: QueueName): Client | undefined
  /** Starts on these queues go by `client`, whose connection is their workers' own, until the returned function is called. */
  offer(queues: readonly QueueName[], client: Client): () => void
}

export function createEagerStarts(): EagerStarts {
  const clients = new Map<QueueName, Client>()
  return {
    clientFor: (queue) => clients.get(queue),
    offer: (queues, client) => {
      for (const queue of queues) clients.set(queue, client)
      return () => {
        for (const queue of queues) if (clients.get(queue) === client) clients.delete(queue)
      }
    },
  }
}
