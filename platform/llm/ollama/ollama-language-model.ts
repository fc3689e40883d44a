// The driver for an Ollama server's chat, over the official SDK.
// One request an answer, streamed; errors, stalls and cancellation come out in the seam's own terms.
import type { LanguageModel } from '../language-model.ts'
import { defaultStallTimeoutMs } from '../request-guard.ts'
import { streamAnswer } from '../stream-answer.ts'
import { createOllamaAnswerReader } from './ollama-answer.ts'
import { connectToOllama, type OllamaConnection } from './ollama-client.ts'
import { toOllamaError } from './ollama-errors.ts'
import { toOllamaRequest } from './ollama-request.ts'

export interface OllamaOptions extends OllamaConnection {
  /** Tokens of input and output together: the server keeps memory for as many. */
  readonly contextWindow: number
  /** How long the server may be silent before the call is given up as `llm.unavailable`. */
  readonly stallTimeoutMs?: number
}

export function createOllamaLanguageModel(options: OllamaOptions): LanguageModel {
  const { stallTimeoutMs = defaultStallTimeoutMs } = options
  return {
    stream: (request, { signal }) =>
      streamAnswer({
        request,
        signal,
        stallTimeoutMs,
        // It loads the model first, and reads a long prompt at the speed of the machine.
        isSlowToBegin: true,
        open: async (ended) => {
          const client = await connectToOllama(options, ended, { streams: true })
          return client.chat(toOllamaRequest(request, options))
        },
        reader: createOllamaAnswerReader(),
        toError: toOllamaError,
      }),
  }
}
