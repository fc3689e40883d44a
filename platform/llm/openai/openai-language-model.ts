// The driver for OpenAI's chat completions and every server that speaks them, over the official SDK.
// One request an answer, streamed; errors, stalls and cancellation come out in the seam's own terms.
import type { LanguageModel, ModelEvent, ModelRequest } from '../language-model.ts'
import { createAnswerReader } from './openai-answer.ts'
import { createOpenAiClient, isOpenAiHost, type OpenAiConnection } from './openai-client.ts'
import { toOpenAiError } from './openai-errors.ts'
import { findOpenAiModel } from './openai-models.ts'
import { toOpenAiRequest } from './openai-request.ts'
import { guardRequest } from '../request-guard.ts'
import { estimateUsage } from '../usage.ts'

export interface OpenAiOptions extends OpenAiConnection {
  /** How long the provider may be silent before the call is given up as `llm.unavailable`. */
  readonly stallTimeoutMs?: number
}

export const defaultStallTimeoutMs = 60_000
/** Models that think before their first event, unseen, may be silent for this many times as long until then. */
const thinkingFactor = 5

export function createOpenAiLanguageModel(options: OpenAiOptions): LanguageModel {
  const { stallTimeoutMs = defaultStallTimeoutMs } = options
  const connect = createOpenAiClient(options)
  const newNames = isOpenAiHost(options)

  async function* stream(
    request: ModelRequest,
    { signal }: { readonly signal: AbortSignal },
  ): AsyncGenerator<ModelEvent, void, undefined> {
    const guard = guardRequest({ signal, stallTimeoutMs, toError: toOpenAiError })
    try {
      const firstWait =
        findOpenAiModel(request.model)?.thinks === true ? stallTimeoutMs * thinkingFactor : stallTimeoutMs
      const client = await connect()
      const body = toOpenAiRequest(request, { newNames })
      const response = await guard.wait(client.chat.completions.create(body, { signal: guard.signal }), firstWait)
      const chunks = response[Symbol.asyncIterator]()
      const reader = createAnswerReader()
      let next = await guard.wait(chunks.next(), firstWait)
      while (next.done !== true) {
        yield* reader.read(next.value)
        next = await guard.wait(chunks.next())
      }
      const { calls, reason, usage, written } = reader.finish()
      for (const call of calls) yield { type: 'tool-call', call }
      yield { type: 'usage', usage: usage ?? estimateUsage(request, written) }
      yield { type: 'finish', reason }
    } finally {
      guard.release()
    }
  }
  return { stream }
}
