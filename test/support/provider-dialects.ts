// The three protocols that our drivers speak, as test cases need them: how to open the driver for a mock upstream, and
// how that provider writes text, thoughts, tool calls, usage, ends and errors on the wire.
import { SecretValue } from '../../platform/secret-value.ts'
import { createAnthropicLanguageModel } from '../../platform/llm/anthropic/anthropic-language-model.ts'
import type { LanguageModel } from '../../platform/llm/language-model.ts'
import { createOllamaLanguageModel } from '../../platform/llm/ollama/ollama-language-model.ts'
import { createOpenAiLanguageModel } from '../../platform/llm/openai/openai-language-model.ts'

export interface WireError {
  /** The provider's own name of the failure, where its protocol has one. */
  readonly code?: string
  readonly message: string
}

export interface WireUsage {
  readonly input: number
  readonly output: number
}

export interface Dialect {
  readonly name: 'openai' | 'anthropic' | 'ollama'
  /** A model that answers at once, by the driver's knowledge, where it knows any. */
  readonly model: string
  readonly keyVariable: string
  /** What a detail advises when the model isn't known. */
  readonly unknownModel: string
  /** `url`: the mock's, or that of a raw answer. */
  open(url: string, options?: { readonly key?: string; readonly stallTimeoutMs?: number }): LanguageModel
  readonly begin: string
  text(text: string): string
  reasoning(text: string): string
  end(options?: { readonly usage?: WireUsage }): string
  /** A frame that is no JSON. */
  readonly malformed: string
  /** A frame that is JSON of another shape. */
  readonly misshapen: string
  errorFrame(error: WireError): string
  errorBody(error: WireError): string
}

const data = (frame: unknown): string => `data: ${JSON.stringify(frame)}\n\n`
/** A frame of a streamed chat completion. */
export const chunkFrame = (delta: object, rest: object = {}): string =>
  data({ choices: [{ index: 0, delta, finish_reason: null, ...rest }] })
export const doneFrame = 'data: [DONE]\n\n'
const stalling = (stallTimeoutMs: number | undefined) => (stallTimeoutMs === undefined ? {} : { stallTimeoutMs })
const secret = (key: string | undefined) => (key === undefined ? undefined : new SecretValue(key))

export const openAiDialect: Dialect = {
  name: 'openai',
  model: 'gpt-4.1-mini',
  keyVariable: 'OPENAI_API_KEY',
  unknownModel: 'check the model’s name and OPENAI_BASE_URL',
  open: (url, { key, stallTimeoutMs } = {}) =>
    createOpenAiLanguageModel({ baseUrl: `${url}/v1`, apiKey: secret(key), ...stalling(stallTimeoutMs) }),
  begin: chunkFrame({ role: 'assistant', content: '' }),
  text: (content) => chunkFrame({ content }),
  reasoning: (reasoning_content) => chunkFrame({ reasoning_content }),
  end: ({ usage } = {}) =>
    chunkFrame({}, { finish_reason: 'stop' }) +
    (usage === undefined
      ? ''
      : data({ choices: [], usage: { prompt_tokens: usage.input, completion_tokens: usage.output } })) +
    doneFrame,
  malformed: 'data: {"choices": [{"delta"\n\n',
  misshapen: data({ choices: [{ delta: { content: { a: 1 } } }] }),
  errorFrame: (error) => data({ error }),
  errorBody: (error) => JSON.stringify({ error }),
}

const event = (frame: { readonly type: string; readonly [key: string]: unknown }): string =>
  `event: ${frame.type}\n${data(frame)}`
/** Blocks 0 (thinking) and 1 (text) without their starts and stops: a reader must not depend on them. */
const delta = (index: number, change: object): string => event({ type: 'content_block_delta', index, delta: change })
const anthropicError = ({ code = 'api_error', message }: WireError) => ({
  type: 'error',
  error: { type: code, message },
})

export const anthropicDialect: Dialect = {
  name: 'anthropic',
  model: 'claude-haiku-4-5',
  keyVariable: 'ANTHROPIC_API_KEY',
  unknownModel: 'check the model’s name and ANTHROPIC_BASE_URL',
  open: (url, { key, stallTimeoutMs } = {}) =>
    createAnthropicLanguageModel({ baseUrl: url, apiKey: secret(key), ...stalling(stallTimeoutMs) }),
  begin: event({ type: 'message_start', message: { role: 'assistant', content: [] } }),
  text: (text) => delta(1, { type: 'text_delta', text }),
  reasoning: (thinking) => delta(0, { type: 'thinking_delta', thinking }),
  end: ({ usage } = {}) =>
    (usage === undefined
      ? ''
      : event({ type: 'message_start', message: { usage: { input_tokens: usage.input, output_tokens: 1 } } })) +
    event({
      type: 'message_delta',
      delta: { stop_reason: 'end_turn' },
      ...(usage === undefined ? {} : { usage: { output_tokens: usage.output } }),
    }) +
    event({ type: 'message_stop' }),
  malformed: 'event: content_block_delta\ndata: {"type": "content_block_delta", "delta\n\n',
  misshapen: event({ type: 'content_block_delta', index: 1, delta: { type: 'text_delta', text: { a: 1 } } }),
  errorFrame: (error) => event(anthropicError(error)),
  errorBody: (error) => JSON.stringify(anthropicError(error)),
}

const line = (frame: object): string => `${JSON.stringify(frame)}\n`
const message = (part: object): string => line({ message: { role: 'assistant', content: '', ...part }, done: false })

export const ollamaDialect: Dialect = {
  name: 'ollama',
  model: 'llama3.2',
  keyVariable: 'OLLAMA_API_KEY',
  unknownModel: 'fetch it with `ollama pull`, or check the model’s name and OLLAMA_HOST',
  open: (url, { key, stallTimeoutMs } = {}) =>
    createOllamaLanguageModel({ host: url, apiKey: secret(key), contextWindow: 8_192, ...stalling(stallTimeoutMs) }),
  begin: message({}),
  text: (content) => message({ content }),
  reasoning: (thinking) => message({ thinking }),
  end: ({ usage } = {}) =>
    line({
      message: { role: 'assistant', content: '' },
      done: true,
      done_reason: 'stop',
      ...(usage === undefined ? {} : { prompt_eval_count: usage.input, eval_count: usage.output }),
    }),
  malformed: '{"message": {"content"\n',
  misshapen: line({ message: { content: { a: 1 } }, done: false }),
  errorFrame: (error) => line({ error: error.message }),
  errorBody: (error) => JSON.stringify({ error: error.message }),
}

export const dialects: readonly Dialect[] = [openAiDialect, anthropicDialect, ollamaDialect]
