// What a language model is given: messages, tools, retrieved passages. Plain data, the same for every provider.
// It lives here, below the drivers, because the rules that fit a prompt into a context window are pure.

export interface ModelToolCall {
  readonly callId: string
  readonly tool: string
  /** As the model wrote it: JSON text that the caller must parse and validate. */
  readonly arguments: string
}

export type ModelMessage =
  | { readonly role: 'system' | 'user'; readonly content: string }
  | { readonly role: 'assistant'; readonly content: string; readonly toolCalls?: readonly ModelToolCall[] }
  | { readonly role: 'tool'; readonly callId: string; readonly content: string }

export interface ModelTool {
  readonly name: string
  readonly description: string
  /** JSON Schema of the arguments. */
  readonly inputSchema: Readonly<Record<string, unknown>>
}

/** A retrieved passage. The messages hold it as text too; this form is for a driver that can't read prose. */
export interface Passage {
  /** The number in `[n]` that cites it. */
  readonly marker: number
  readonly documentTitle: string
  readonly page: number | null
  readonly headingPath: readonly string[]
  readonly text: string
}
