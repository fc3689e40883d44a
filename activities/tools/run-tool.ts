// Runs a tool, once everything that allows it holds at this moment. Dispatch is one transaction, whose compare-and-set to
// `running` happens once: what changes something outside is therefore tried once, however often this activity is.
import { Context } from '@temporalio/activity'
import { type ExecutionWork, getExecutionWork } from '../../db/tools/execution-work.ts'
import { AppError, type StoredProblem, toStoredProblem } from '../../domain/errors.ts'
import { type RunOutcome, hasEnded } from '../../domain/tools/execution.ts'
import { isUnsent } from '../../platform/egress/unsent.ts'
import type { ToolRuns } from '../../platform/tools/tool-runs.ts'
import { resolveSecret } from '../vault/resolve-secret.ts'
import { throughOutage } from '../through-outage.ts'
import { type Told, announceRun } from '../../platform/tools/announce-run.ts'
import { type RunInput, requireOwnWorkflow } from './call-of.ts'
import { type DispatchPlatform, dispatch } from './dispatch.ts'
import { endRun } from './end-run.ts'
import { keepResultOf } from './kept-result.ts'
import { endedAs } from './plan-execution.ts'

/** Of a tool without side effects that fails in a way that may pass. */
const attempts = 3

type Ending =
  | { readonly to: 'succeeded'; readonly result: unknown }
  | { readonly to: 'failed'; readonly problem: StoredProblem }

/** A failure that the run's own work didn't name, or that came while something was on its way, leaves open what it did. */
function problemOf(error: unknown, { tool }: ExecutionWork): StoredProblem {
  const isNamed = error instanceof AppError && !error.retryable && error.kind !== 'internal'
  if (!tool.sideEffects || isNamed || isUnsent(error)) return toStoredProblem(error)
  const reason = error instanceof AppError ? `${error.title}.` : undefined
  return toStoredProblem(new AppError('tool.outcome_unknown', reason === undefined ? {} : { detail: reason }))
}

async function work(
  platform: DispatchPlatform,
  { runs, call }: { readonly runs: ToolRuns; readonly call: ExecutionWork },
): Promise<Ending> {
  const { cancellationSignal: signal, info } = Context.current()
  const { executionId, requesterId, tool } = call
  try {
    const result = await runs.run(tool, call.arguments, {
      executionId,
      userId: requesterId,
      signal,
      config: tool.config,
      resolveSecret: (reference, destination) =>
        resolveSecret(platform, { reference, destination, onBehalfOf: requesterId }),
    })
    return { to: 'succeeded', result }
  } catch (error) {
    // A cancel ends the run elsewhere; a worker that stops leaves it to the next attempt.
    if (signal.aborted) throw signal.reason
    const mayPass = !(error instanceof AppError) || error.retryable
    if (!tool.sideEffects && mayPass && info.attempt < attempts) throw error
    return { to: 'failed', problem: problemOf(error, call) }
  }
}

/** Through an outage: what was done outside is done. */
const commit = (platform: DispatchPlatform, call: ExecutionWork, ending: Ending) =>
  throughOutage({ log: platform.log, about: { executionId: call.executionId } }, () =>
    platform.db.transaction(async (tx) => {
      if (ending.to === 'succeeded') await keepResultOf(tx, call, ending.result)
      return endRun(tx, call.executionId, { from: ['running'], ...ending })
    }),
  )

/** Where the end is another one, as of a commit whose acknowledgement was lost, the row says which. */
async function outcomeOf({ db }: DispatchPlatform, { execution }: Told, executionId: string): Promise<RunOutcome> {
  const { status } = execution ?? (await getExecutionWork(db, executionId))
  return hasEnded(status) ? endedAs(status) : 'failed'
}

/** Resolves to `approval_void` where what was approved isn't what would run. Throws `tool.outcome_unknown`. */
export const createRunTool =
  (platform: DispatchPlatform, runs: ToolRuns) =>
  async (input: RunInput): Promise<RunOutcome | 'approval_void'> => {
    requireOwnWorkflow(input)
    const dispatched = await dispatch(platform, input.executionId)
    await announceRun(platform, dispatched.told, dispatched.events)
    if (dispatched.next !== 'run') return dispatched.outcome
    const ending = await work(platform, { runs, call: dispatched.work })
    const told = await commit(platform, dispatched.work, ending)
    await announceRun(platform, told)
    return outcomeOf(platform, told, input.executionId)
  }
