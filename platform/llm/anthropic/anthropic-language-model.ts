// The driver for Anthropic's Messages API and every server that speaks it, over the official SDK.
// One request an answer, streamed; errors, stalls and cancellation come out in the seam's own terms.
import type { LanguageModel } from '../language-model.ts'
import { defaultStallTimeoutMs } from '../request-guard.ts'
import { streamAnswer } from '../stream-answer.ts'
import { createAnthropicAnswerReader } from './anthropic-answer.ts'
import { type AnthropicConnection, createAnthropicClient } from './anthropic-client.ts'
import { toAnthropicError } from './anthropic-errors.ts'
import { findAnthropicModel } from './anthropic-models.ts'
import { toAnthropicRequest } from './anthropic-request.ts'

export interface AnthropicOptions extends AnthropicConnection {
  /** How long the provider may be silent before the call is given up as `llm.unavailable`. */
  readonly stallTimeoutMs?: number
}

export function createAnthropicLanguageModel(options: AnthropicOptions): LanguageModel {
  const { stallTimeoutMs = defaultStallTimeoutMs } = options
  const connect = createAnthropicClient(options)
  return {
    stream: (request, { signal }) =>
      streamAnswer({
        request,
        signal,
        stallTimeoutMs,
        isSlowToBegin: findAnthropicModel(request.model)?.thinks === true,
        open: async (ended) => (await connect()).messages.create(toAnthropicRequest(request), { signal: ended }),
        reader: createAnthropicAnswerReader(),
        toError: toAnthropicError,
      }),
  }
}
