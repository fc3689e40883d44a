// The baseline of a durable turn: the least that a workflow with an activity can cost on this server.
import { proxyActivities } from '@temporalio/workflow'

const { hello } = proxyActivities<{ hello(): Promise<string> }>({ startToCloseTimeout: '10 seconds' })

export async function helloWorkflow(): Promise<string> {
  return hello()
}
