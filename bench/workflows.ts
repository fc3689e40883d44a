// The baselines of the benchmarks: the least that a durable workflow can cost on this server.
import { proxyActivities } from '@temporalio/workflow'

const { hello } = proxyActivities<{ hello(): Promise<string> }>({ startToCloseTimeout: '10 seconds' })

export async function emptyWorkflow(): Promise<void> {}

export async function helloWorkflow(): Promise<string> {
  return hello()
}
