// Streams one answer of a model to the turn's followers and gathers it.
import type { Usage } from '../../domain/chat/chat.ts'
import type { ModelToolCall } from '../../domain/chat/model-message.ts'
import type { StepPosition } from '../../domain/chat/turn-event.ts'
import type { ModelRequest } from '../../platform/llm/language-model.ts'
import type { ResolvedModel } from '../../platform/llm/language-models.ts'
import { estimateUsage } from '../../platform/llm/usage.ts'
import type { TurnPublisher } from '../../platform/stream/turn-publisher.ts'

export interface Generation {
  /** Exactly the concatenation of the published deltas. */
  readonly content: string
  readonly usage: Usage
  /** Whole calls alone: an aborted answer has none. */
  readonly calls: readonly ModelToolCall[]
}

/** Postgres takes no U+0000: an answer with one could be streamed, but never kept. */
const storable = (text: string): string => text.replaceAll('\0', '')

export const nothing: Generation = {
  content: '',
  usage: { inputTokens: 0, outputTokens: 0, estimated: true },
  calls: [],
}

/** Throws what the model's driver throws, except after an abort: then it resolves to what there was. */
export async function generate(
  model: ResolvedModel,
  request: ModelRequest,
  options: { readonly position: StepPosition; readonly publisher: TurnPublisher; readonly signal: AbortSignal },
): Promise<Generation> {
  const { position, publisher, signal } = options
  let content = ''
  const calls: ModelToolCall[] = []
  let usage: Usage | undefined
  try {
    for await (const event of model.driver.stream(request, { signal })) {
      if (event.type === 'text') {
        const text = storable(event.text)
        content += text
        publisher.publish({ type: 'text.delta', data: { ...position, text } })
      } else if (event.type === 'reasoning') {
        publisher.publish({ type: 'reasoning.delta', data: { ...position, text: storable(event.text) } })
      } else if (event.type === 'tool-call') {
        calls.push(event.call)
      } else if (event.type === 'usage') {
        usage = event.usage
      }
    }
  } catch (error) {
    if (!signal.aborted) throw error
  }
  usage ??= estimateUsage(request, content)
  publisher.publish({ type: 'usage.reported', data: { ...position, usage } })
  return { content, usage, calls: signal.aborted ? [] : calls }
}
