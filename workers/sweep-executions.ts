// The sweep of tool calls: starts those that a person asked for and whose start was lost, and ends those that nobody drives
// any more. Temporal is asked about each before it is ended: a call may rightly wait for weeks.
import { WorkflowNotFoundError } from '@temporalio/client'
import { announceRun } from '../platform/tools/announce-run.ts'
import { type RunEnding, endExecution } from '../activities/tools/end-execution.ts'
import {
  type UnendedExecution,
  listOrphanedExecutions,
  listStalledExecutions,
  listUnstartedExecutions,
} from '../db/tools/unended-executions.ts'
import { AppError, toStoredProblem } from '../domain/errors.ts'
import { toolCallWorkflowId } from '../domain/tools/workflow-id.ts'
import type { Platform } from '../platform/platform.ts'
import { startWorkflow } from '../platform/temporal/start-workflow.ts'
import { toolCallStart } from '../workflows/tools/messages.ts'

type SweepPlatform = Pick<Platform, 'db' | 'temporal' | 'config' | 'log' | 'bus' | 'streams'>

/** Younger rows are about to be started by the request that made them, or by their turn's workflow. */
const olderThanSeconds = { own: 5, ofTurns: 60 }
/** Longer than a workflow that is there leaves a row where it shouldn't stay. */
const silentSeconds = 600

const failed = (code: 'internal' | 'tool.outcome_unknown', detail: string): RunEnding => ({
  status: 'failed',
  problem: toStoredProblem(new AppError(code, { detail })),
})
const lost = failed('internal', 'The work on this run was lost before the tool ran. Run it again.')
const lostWhileRunning = failed(
  'tool.outcome_unknown',
  'The work on this run was lost while the tool ran. Look at what it may have changed before you run it again.',
)

/** No effect on a run that has ended meanwhile. */
async function end(platform: SweepPlatform, { executionId }: UnendedExecution, ending: RunEnding): Promise<void> {
  const { told } = await platform.db.transaction((tx) => endExecution(tx, executionId, ending))
  await announceRun(platform, told)
}

async function isDriven({ temporal }: SweepPlatform, { executionId }: UnendedExecution): Promise<boolean> {
  try {
    const { status } = await temporal.workflow.getHandle(toolCallWorkflowId(executionId)).describe()
    return status.name === 'RUNNING'
  } catch (error) {
    if (error instanceof WorkflowNotFoundError) return false
    throw error
  }
}

export async function startExecutions(platform: SweepPlatform): Promise<void> {
  const { toolTimeoutMs: timeoutMs } = platform.config
  for (const execution of await listUnstartedExecutions(platform.db, olderThanSeconds.own)) {
    const { executionId, userId } = execution
    const runs = await startWorkflow(platform, toolCallStart({ executionId, timeoutMs }, userId))
    // Its workflow was ended from outside before it did anything, and never runs again.
    if (!runs) await end(platform, execution, lost)
  }
}

export async function endLostExecutions(platform: SweepPlatform): Promise<void> {
  for (const execution of await listOrphanedExecutions(platform.db, olderThanSeconds.ofTurns)) {
    if (!(await isDriven(platform, execution))) await end(platform, execution, { status: 'cancelled' })
  }
  const runningSeconds = platform.config.toolTimeoutMs / 1_000 + silentSeconds
  for (const execution of await listStalledExecutions(platform.db, { runningSeconds, silentSeconds })) {
    if (await isDriven(platform, execution)) continue
    await end(platform, execution, execution.status === 'running' ? lostWhileRunning : lost)
  }
}
