// What it takes to start a workflow: plain data, made beside the workflow's messages, used wherever one is started.
import type { QueueName } from './task-queues.ts'

export interface WorkflowStart {
  readonly type: string
  /** A business key: starting the same work twice gives the one that runs. */
  readonly workflowId: string
  readonly queue: QueueName
  readonly input: unknown
  /** Whose work it is: the server shares its capacity fairly between users, where it can. */
  readonly userId: string
  /** Whether a new run may follow one that has ended. */
  readonly again: boolean
  /** One line for the Temporal Web UI. */
  readonly summary: string
}
