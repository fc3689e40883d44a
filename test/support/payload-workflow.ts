// A workflow that sends a word along every way that a value can take through Temporal, for the test of what is stored.
import {
  condition,
  defineQuery,
  defineSignal,
  defineUpdate,
  executeChild,
  proxyActivities,
  setCurrentDetails,
  setHandler,
  sleep,
  upsertMemo,
  ApplicationFailure,
} from '@temporalio/workflow'
import { isRefused } from '../../domain/refused-payload.ts'

export interface PayloadActivities {
  echo(word: string): Promise<string>
  failWith(word: string): Promise<void>
  beat(word: string): Promise<string>
}

const { echo, failWith } = proxyActivities<PayloadActivities>({
  startToCloseTimeout: '20 seconds',
  retry: { maximumAttempts: 1 },
})
const beating = proxyActivities<PayloadActivities>({
  startToCloseTimeout: '20 seconds',
  heartbeatTimeout: '10 seconds',
  retry: { maximumAttempts: 2, initialInterval: '50 milliseconds' },
})

export const currentWord = defineQuery<string>('currentWord')
export const changeWord = defineUpdate<string, [string]>('changeWord')
export const addWord = defineSignal<[unknown]>('addWord')
export const finish = defineSignal('finish')

export async function childWorkflow(word: string): Promise<string> {
  return `${word} of the child`
}

/** Ends with a failure that carries the word in message, details and cause. */
export async function failingWorkflow(word: string): Promise<void> {
  await failWith(word)
}

async function visitEverything(word: string): Promise<string[]> {
  upsertMemo({ upserted: word })
  setCurrentDetails(word)
  await sleep('1 millisecond', { summary: word })
  const echoed = await echo.executeWithOptions({ summary: word }, [word])
  const lastBeat = await beating.beat(word)
  const child = await executeChild(childWorkflow, { args: [word], memo: { child: word }, staticSummary: word })
  return [echoed, lastBeat, child]
}

export async function payloadWorkflow(word: string): Promise<{ seen: string[]; refusedSignals: number }> {
  let current = word
  let finished = false
  let refusedSignals = 0
  const seen: string[] = []
  setHandler(currentWord, () => current)
  setHandler(
    changeWord,
    (next) => {
      const before = current
      current = next
      return before
    },
    {
      validator: (next) => {
        if (isRefused(next)) throw ApplicationFailure.nonRetryable('It can’t be authenticated.')
      },
    },
  )
  setHandler(addWord, (added) => {
    if (isRefused(added)) refusedSignals += 1
    else seen.push(String(added))
  })
  setHandler(finish, () => void (finished = true))
  seen.push(...(await visitEverything(word)))
  await condition(() => finished)
  return { seen, refusedSignals }
}
