// `calculate`: exact arithmetic, which models are bad at. It is done in a thread with a memory and a time limit, one call
// after the other, so that no expression can hold up what else the process does.
import pLimit from 'p-limit'
import { once } from 'node:events'
import type { Worker } from 'node:worker_threads'
import { z } from 'zod'
import { AppError } from '../../domain/errors.ts'
import { startOwnThread } from './own-thread.ts'
import { type BuiltinTool, defineBuiltinTool } from './tool-runner.ts'

export interface CalculateRequest {
  readonly expression: string
}
export type CalculateAnswer = { readonly result: string } | { readonly fault: string }

const resourceLimits = { maxOldGenerationSizeMb: 96, maxYoungGenerationSizeMb: 16, stackSizeMb: 4 }
/** Loading takes half a second on a machine that has nothing else to do. */
const startMs = 60_000

const input = z.strictObject({
  expression: z
    .string()
    .min(1)
    .max(1_000)
    .describe(
      'Such as "(3 + 4) * 2^10", "sqrt(2)", "5 km / (30 minute) to km/h", "12% of 80" as "80 * 12%", "mean(1, 2, 4)".',
    ),
})

const failed = (detail: string): AppError => new AppError('tool.failed', { detail })

async function startThread(): Promise<Worker> {
  const thread = startOwnThread('./calculate-thread', import.meta.url, resourceLimits)
  // Its end mustn't end this process; who waits for it hears of it by `once`.
  thread.on('error', () => undefined)
  try {
    await once(thread, 'message', { signal: AbortSignal.timeout(startMs) })
    return thread
  } catch (cause) {
    await thread.terminate()
    throw new AppError('service.unavailable', { detail: 'The calculator couldn’t be started.', cause })
  }
}

/** Throws when the thread dies, doesn't answer in time, or `signal` is aborted; the thread is of no more use then. */
async function ask(thread: Worker, request: CalculateRequest, signal: AbortSignal): Promise<CalculateAnswer> {
  const answered = once(thread, 'message', { signal })
  thread.postMessage(request, [])
  const [answer] = (await answered) as [CalculateAnswer]
  return answer
}

export interface Calculator extends BuiltinTool {
  /** Ends the thread; another call starts one anew. */
  close(): Promise<void>
}

/** `timeoutMs` is for one expression; `idleMs` after the last one the thread, some 50 MB, is ended. Answers {result: text}. */
export function createCalculate({ timeoutMs = 2_000, idleMs = 60_000 } = {}): Calculator {
  const oneAtATime = pLimit(1)
  let thread: Worker | undefined
  let idle: NodeJS.Timeout | undefined
  const close = async (): Promise<void> => {
    const ended = thread
    thread = undefined
    clearTimeout(idle)
    await ended?.terminate()
  }

  async function calculate(expression: string, callerSignal: AbortSignal): Promise<string> {
    callerSignal.throwIfAborted()
    clearTimeout(idle)
    thread ??= await startThread()
    thread.ref()
    const limit = AbortSignal.timeout(timeoutMs)
    try {
      const answer = await ask(thread, { expression }, AbortSignal.any([callerSignal, limit]))
      if ('fault' in answer) throw failed(answer.fault)
      return answer.result
    } catch (error) {
      if (error instanceof AppError) throw error
      await close()
      callerSignal.throwIfAborted()
      throw failed(
        limit.aborted ? `The expression takes longer than ${timeoutMs} ms.` : 'The expression takes too much memory.',
      )
    } finally {
      thread?.unref()
      idle = setTimeout(() => void close(), idleMs).unref()
    }
  }

  const tool = defineBuiltinTool({
    name: 'calculate',
    description:
      'Evaluates an arithmetic expression exactly: operators, common functions, statistics, units, complex numbers and matrices written out. The result is text.',
    sideEffects: false,
    requiresApproval: false,
    cacheTtlSeconds: 86_400,
    input,
    run: async ({ expression }, { signal }) => ({ result: await oneAtATime(() => calculate(expression, signal)) }),
  })
  return { ...tool, close }
}
