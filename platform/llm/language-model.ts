// The seam to language models: one method, one event stream. Drivers translate to and from their provider's SDK.
// What goes in (messages, tools, passages) is declared in domain/chat/model-message.ts, for the rules that build it.
import type { Usage } from '../../domain/chat/chat.ts'
import type { ModelMessage, ModelTool, ModelToolCall, Passage } from '../../domain/chat/model-message.ts'

export interface ModelRequest {
  /** The provider's own name of the model, without the provider's prefix. */
  readonly model: string
  readonly messages: readonly ModelMessage[]
  readonly passages?: readonly Passage[]
  readonly tools?: readonly ModelTool[]
  /** 0 to 2; the provider's default when absent. */
  readonly temperature?: number
  readonly maxOutputTokens?: number
}

export type FinishReason = 'stop' | 'length' | 'tool-calls' | 'content-filter'

export type ModelEvent =
  | { readonly type: 'text'; readonly text: string }
  | { readonly type: 'reasoning'; readonly text: string }
  | { readonly type: 'tool-call'; readonly call: ModelToolCall }
  | { readonly type: 'usage'; readonly usage: Usage }
  | { readonly type: 'finish'; readonly reason: FinishReason }

export interface LanguageModel {
  /**
   * Streams one answer: any number of text, reasoning and tool-call events, then exactly one usage and one finish.
   * Never retries: the caller does. Throws AppError `llm.*` (with `retryAfterMs` from the provider's headers), or the
   * signal's reason once it is aborted; the provider's connection is closed within 200 ms of that, and of the reader's
   * leaving. A stream that ends without the provider's own end is `llm.unavailable`.
   */
  stream(request: ModelRequest, options: { readonly signal: AbortSignal }): AsyncIterable<ModelEvent>
}

export interface ModelInfo {
  /** `provider/model`. */
  readonly name: string
  /** Tokens of input and output together. */
  readonly contextWindow: number
  readonly maxOutputTokens: number
}
