// Our request in the words of Anthropic's Messages API: the system prompt apart, roles that alternate, tool results in
// the user's messages, no empty text, and always a bound on the answer.
import type {
  ContentBlockParam,
  MessageCreateParamsStreaming,
  MessageParam,
  Tool,
} from '@anthropic-ai/sdk/resources/messages'
import type { ModelMessage, ModelTool } from '../../../domain/chat/model-message.ts'
import { toArgumentsObject } from '../call-arguments.ts'
import type { ModelRequest } from '../language-model.ts'
import { limitsOfContext } from '../model-limits.ts'
import { findAnthropicModel } from './anthropic-models.ts'

/** A text block must hold more than white space. */
const toText = (text: string): ContentBlockParam[] => (text.trim() === '' ? [] : [{ type: 'text', text }])

/** Ids of other providers' calls may hold characters that Anthropic refuses. */
const toCallId = (callId: string): string => callId.replace(/[^\w-]/g, '_')

function toBlocks(message: ModelMessage): ContentBlockParam[] {
  if (message.role === 'tool') {
    return [{ type: 'tool_result', tool_use_id: toCallId(message.callId), content: message.content }]
  }
  const calls = message.role === 'assistant' ? (message.toolCalls ?? []) : []
  return [
    ...toText(message.content),
    ...calls.map(
      ({ callId, tool, arguments: written }): ContentBlockParam => ({
        type: 'tool_use',
        id: toCallId(callId),
        name: tool,
        input: toArgumentsObject(written),
      }),
    ),
  ]
}

/** Stands in for a message of the user that is empty or was left out: the first and the last must be the user's. */
const nothingSaid: ContentBlockParam = { type: 'text', text: '…' }

function toMessages(messages: readonly ModelMessage[]): MessageParam[] {
  const merged: { role: 'user' | 'assistant'; content: ContentBlockParam[] }[] = []
  for (const message of messages) {
    if (message.role === 'system') continue
    const blocks = toBlocks(message)
    if (blocks.length === 0) continue
    const role = message.role === 'assistant' ? 'assistant' : 'user'
    const last = merged.at(-1)
    if (last?.role === role) last.content.push(...blocks)
    else merged.push({ role, content: blocks })
  }
  const missing: MessageParam[] = [{ role: 'user', content: [nothingSaid] }]
  const begun = merged[0]?.role === 'user' ? merged : [...missing, ...merged]
  return begun.at(-1)?.role === 'user' ? begun : [...begun, ...missing]
}

const toTool = ({ name, description, inputSchema }: ModelTool): Tool => ({
  name,
  description,
  input_schema: { ...inputSchema, type: 'object' },
})

/** The answer's bound for a model that isn't in the table, and a request that names none. */
const unknownOutput = limitsOfContext(Infinity).maxOutputTokens

/** The SDK's types know no temperature any more, because its newer models refuse it; the older ones still take it. */
export type AnthropicRequest = MessageCreateParamsStreaming & { readonly temperature?: number }

export function toAnthropicRequest(request: ModelRequest): AnthropicRequest {
  const { model, messages, tools = [], temperature, maxOutputTokens } = request
  const known = findAnthropicModel(model)
  const system = messages.flatMap((message) => (message.role === 'system' ? toText(message.content) : []))
  const texts = system.flatMap((block) => (block.type === 'text' ? [block.text] : []))
  return {
    model,
    max_tokens: maxOutputTokens ?? known?.maxOutputTokens ?? unknownOutput,
    stream: true,
    ...(texts.length === 0 ? {} : { system: texts.join('\n\n') }),
    messages: toMessages(messages),
    ...(tools.length === 0 ? {} : { tools: tools.map(toTool) }),
    // Ours goes to 2, Anthropic's to 1.
    ...(temperature === undefined || known?.thinks === true ? {} : { temperature: Math.min(temperature, 1) }),
  }
}
