// Runs work as an activity's code runs, without a worker.
import { Context as ActivityContext, asyncLocalStorage } from '@temporalio/activity'

export interface ActivityOptions {
  /** Asks it to stop. */
  readonly signal?: AbortSignal
  readonly attempt?: number
  readonly workflowId?: string
}

export function inActivity<T>(
  work: () => Promise<T>,
  { signal = new AbortController().signal, attempt = 1, workflowId = 'test-workflow' }: ActivityOptions = {},
): Promise<T> {
  const info = { attempt, activityType: 'test', workflowExecution: { workflowId, runId: 'test-run' } }
  const context = new ActivityContext(
    info as never,
    new Promise<never>(() => undefined),
    signal,
    () => undefined,
    undefined,
    ...([undefined, undefined, undefined] as never as [never, never, never]),
  )
  return asyncLocalStorage.run(context, work)
}
