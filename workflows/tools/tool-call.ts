// A tool call: plan → (approval) → run → ended. Who may decide, and what may run, the activities ask of the rows; the
// workflow keeps the time, takes the decisions in, and makes sure that the call ends, whatever dies on the way.
import {
  ActivityCancellationType,
  allHandlersFinished,
  CancellationScope,
  condition,
  defineQuery,
  defineSignal,
  defineUpdate,
  isCancellation,
  log,
  proxyActivities,
  setHandler,
} from '@temporalio/workflow'
import type { Activities } from '../../activities/index.ts'
import type { RunOutcome } from '../../domain/tools/execution.ts'
import { problemOf } from '../failure.ts'
import {
  type ApprovalToken,
  type ToolCallInput,
  type ToolCallView,
  decideSignalName,
  decideUpdateName,
  delegateSignalName,
  delegateUpdateName,
  toolCallQueryName,
} from './messages.ts'
import { ToolCallState } from './tool-call-state.ts'

const toolCallQuery = defineQuery<ToolCallView>(toolCallQueryName)
const decideUpdate = defineUpdate<string, [ApprovalToken]>(decideUpdateName)
const delegateUpdate = defineUpdate<string, [ApprovalToken]>(delegateUpdateName)
const decideSignal = defineSignal<[ApprovalToken]>(decideSignalName)
const delegateSignal = defineSignal<[ApprovalToken]>(delegateSignalName)

/** Of the platform's own: an outage lasts as long as it lasts. */
const { planExecution, escalateApproval, expireApproval, endExecution } = proxyActivities<Activities>({
  startToCloseTimeout: '30 seconds',
  scheduleToCloseTimeout: '30 days',
})
/** Somebody waits for the answer. */
const { decideApproval, delegateApproval } = proxyActivities<Activities>({
  startToCloseTimeout: '10 seconds',
  scheduleToCloseTimeout: '1 minute',
})

/** Its dispatch is a compare-and-set: what changes something outside is tried once, however often the activity is. */
const running = (timeoutMs: number) =>
  proxyActivities<Activities>({
    scheduleToCloseTimeout: timeoutMs,
    heartbeatTimeout: '5 seconds',
    cancellationType: ActivityCancellationType.WAIT_CANCELLATION_COMPLETED,
    retry: { initialInterval: '500 milliseconds', maximumInterval: '10 seconds' },
  })

function takeDecisions(state: ToolCallState): void {
  const decide = async ({ token }: ApprovalToken): Promise<string> => {
    const { status } = await decideApproval({ approvalId: state.approvalId, token })
    state.settle(status)
    return status
  }
  const delegate = async ({ token }: ApprovalToken): Promise<string> =>
    (await delegateApproval({ approvalId: state.approvalId, token })).status
  const quietly =
    (handle: (message: ApprovalToken) => Promise<string>) =>
    async (message: ApprovalToken): Promise<void> => {
      // Nobody waits for a signal's answer: a bad one is told of, and changes nothing.
      if (!state.takes(message)) return
      await handle(message).catch(() => log.warn('a signal about an approval was refused'))
    }
  const validator = (message: ApprovalToken): void => state.requireOpen(message)
  setHandler(decideUpdate, decide, { validator })
  setHandler(delegateUpdate, delegate, { validator })
  setHandler(decideSignal, quietly(decide))
  setHandler(delegateSignal, quietly(delegate))
}

/** Resolves once somebody has decided, or nobody has in time. */
async function untilDecided(state: ToolCallState): Promise<void> {
  while (state.isOpen) {
    const decided = await condition(() => !state.isOpen, state.nextChangeMs())
    if (decided) return
    if (state.isTimeUp()) state.settle((await expireApproval({ approvalId: state.approvalId })).status)
    else state.follow(await escalateApproval({ approvalId: state.approvalId }))
  }
}

async function run({ executionId, timeoutMs }: ToolCallInput, state: ToolCallState): Promise<RunOutcome> {
  for (;;) {
    const plan = await planExecution({ executionId })
    if (plan.next === 'ended') return plan.outcome
    if (plan.next === 'approval') {
      state.open(plan.approval)
      await untilDecided(state)
      if (!state.isApproved) continue
    }
    state.at('running')
    const outcome = await running(timeoutMs).runTool({ executionId })
    // The rules have changed since the approval: it waits for another one.
    if (outcome !== 'approval_void') return outcome
  }
}

export async function toolCall(input: ToolCallInput): Promise<RunOutcome> {
  const { executionId } = input
  const state = new ToolCallState(executionId)
  setHandler(toolCallQuery, () => state.view)
  takeDecisions(state)
  try {
    const outcome = await run(input, state)
    state.end(outcome)
    return outcome
  } catch (error) {
    const ending = isCancellation(error)
      ? ({ status: 'cancelled' } as const)
      : ({ status: 'failed', problem: problemOf(error, 'tool.timeout') } as const)
    await CancellationScope.nonCancellable(async () => {
      const { outcome } = await endExecution({ executionId, ...ending })
      state.end(outcome)
    })
    if (isCancellation(error)) throw error
    return 'failed'
  } finally {
    await CancellationScope.nonCancellable(() => condition(allHandlersFinished))
  }
}
