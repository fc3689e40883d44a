// The driver for OpenAI's chat completions and every server that speaks them, over the official SDK.
// One request an answer, streamed; errors, stalls and cancellation come out in the seam's own terms.
import type { LanguageModel } from '../language-model.ts'
import { defaultStallTimeoutMs } from '../request-guard.ts'
import { streamAnswer } from '../stream-answer.ts'
import { createOpenAiAnswerReader } from './openai-answer.ts'
import { createOpenAiClient, isOpenAiHost, type OpenAiConnection } from './openai-client.ts'
import { toOpenAiError } from './openai-errors.ts'
import { findOpenAiModel } from './openai-models.ts'
import { toOpenAiRequest } from './openai-request.ts'

export interface OpenAiOptions extends OpenAiConnection {
  /** How long the provider may be silent before the call is given up as `llm.unavailable`. */
  readonly stallTimeoutMs?: number
}

export function createOpenAiLanguageModel(options: OpenAiOptions): LanguageModel {
  const { stallTimeoutMs = defaultStallTimeoutMs } = options
  const connect = createOpenAiClient(options)
  const newNames = isOpenAiHost(options)
  return {
    stream: (request, { signal }) =>
      streamAnswer({
        request,
        signal,
        stallTimeoutMs,
        isSlowToBegin: findOpenAiModel(request.model)?.thinks === true,
        open: async (ended) =>
          (await connect()).chat.completions.create(toOpenAiRequest(request, { newNames }), { signal: ended }),
        reader: createOpenAiAnswerReader(),
        toError: toOpenAiError,
      }),
  }
}
