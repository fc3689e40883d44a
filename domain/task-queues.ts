// The task queues, by what their activities need; a workflow runs on the queue of its activities, so that the server
// can hand it its first activity without another round trip.

export const queueNames = ['llm', 'tools', 'documents', 'rotation', 'operations'] as const
export type QueueName = (typeof queueNames)[number]

/** The queue's name on the server, such as `cdsa-llm`. */
export const taskQueue = (prefix: string, queue: QueueName): string => `${prefix}-${queue}`

/** The queue of the same deployment that stands beside `own`, for a workflow, which knows no prefix. */
export function siblingQueue(own: string, queue: QueueName): string {
  const known = queueNames.find((name) => own.endsWith(`-${name}`))
  return taskQueue(known === undefined ? own : own.slice(0, -known.length - 1), queue)
}
