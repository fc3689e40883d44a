// The turn's workflow with tool calls that stand for the real ones: each ends as its id says, or when it is told to.
import {
  ApplicationFailure,
  CancellationScope,
  condition,
  defineSignal,
  proxyActivities,
  setHandler,
} from '@temporalio/workflow'

export { chatTurn } from '../../workflows/chat/chat-turn.ts'

export const finishSignal = defineSignal('finish')

export interface ToolCallActivities {
  began(input: { readonly executionId: string }): Promise<void>
  ended(input: { readonly executionId: string }): Promise<void>
}

const { began, ended } = proxyActivities<ToolCallActivities>({ startToCloseTimeout: '10 seconds' })

export async function toolCall({ executionId }: { readonly executionId: string }): Promise<string> {
  let finished = executionId.startsWith('quick')
  setHandler(finishSignal, () => {
    finished = true
  })
  try {
    await began({ executionId })
    if (executionId.startsWith('fail')) throw ApplicationFailure.nonRetryable('It failed')
    await condition(() => finished)
    return 'succeeded'
  } finally {
    await CancellationScope.nonCancellable(() => ended({ executionId }))
  }
}
