// Reads the events of one streamed message: text and thinking go on at once, tool calls when they are whole.
// Events are checked, not trusted; kinds that aren't known are passed over, as the protocol asks of its clients.
import { z } from 'zod'
import type { ModelToolCall } from '../../../domain/chat/model-message.ts'
import type { FinishReason, ModelEvent } from '../language-model.ts'
import { cutOffAnswer, unreadableAnswer } from '../provider-errors.ts'
import type { AnswerReader } from '../stream-answer.ts'

const text = z.string().nullish()
const tokens = z.int().nonnegative().nullish()
const usageSchema = z
  .object({
    input_tokens: tokens,
    cache_creation_input_tokens: tokens,
    cache_read_input_tokens: tokens,
    output_tokens: tokens,
  })
  .nullish()
const eventSchema = z.object({
  type: z.string(),
  index: z.int().nullish(),
  message: z.object({ usage: usageSchema }).nullish(),
  content_block: z
    .object({ type: z.string(), text, thinking: text, id: text, name: text, input: z.unknown().optional() })
    .nullish(),
  delta: z.object({ type: text, text, thinking: text, partial_json: text, stop_reason: text }).nullish(),
  usage: usageSchema,
})
type AnswerEvent = z.infer<typeof eventSchema>

const finishReasons: Readonly<Record<string, FinishReason>> = {
  end_turn: 'stop',
  stop_sequence: 'stop',
  pause_turn: 'stop',
  max_tokens: 'length',
  model_context_window_exceeded: 'length',
  tool_use: 'tool-calls',
  refusal: 'content-filter',
}

interface PartialCall {
  readonly index: number | undefined
  readonly id: string
  readonly name: string
  /** Given at the start by servers that don't send the arguments in pieces. */
  readonly input: unknown
  arguments: string
}

function toCall({ id, name, input, arguments: pieces }: PartialCall): ModelToolCall {
  return { callId: id, tool: name, arguments: pieces.trim() === '' ? JSON.stringify(input ?? {}) : pieces }
}

/** The counts are running totals: the last of each kind counts. Input from the cache is input too. */
function createUsageCount() {
  let inputTokens = 0
  let outputTokens: number | undefined
  return {
    add: (usage: z.infer<typeof usageSchema>): void => {
      const read = usage?.cache_read_input_tokens ?? 0
      const input = (usage?.input_tokens ?? 0) + (usage?.cache_creation_input_tokens ?? 0) + read
      if (input > 0) inputTokens = input
      outputTokens = usage?.output_tokens ?? outputTokens
    },
    /** undefined where the server counted nothing: no request has an input of 0 tokens. */
    total: () =>
      inputTokens === 0 || outputTokens === undefined ? undefined : { inputTokens, outputTokens, estimated: false },
  }
}

export function createAnthropicAnswerReader(): AnswerReader {
  const calls: PartialCall[] = []
  const written: string[] = []
  const usage = createUsageCount()
  let stopReason: string | undefined
  const event = (type: 'text' | 'reasoning', content: string | null | undefined): ModelEvent[] => {
    if (!content) return []
    written.push(content)
    return [{ type, text: content }]
  }
  const startBlock = ({ content_block: block, index }: AnswerEvent): ModelEvent[] => {
    if (block?.type === 'tool_use') {
      if (!block.id || !block.name) throw unreadableAnswer()
      calls.push({ index: index ?? undefined, id: block.id, name: block.name, input: block.input, arguments: '' })
    }
    return [...event('reasoning', block?.thinking), ...event('text', block?.text)]
  }
  const continueBlock = ({ delta, index }: AnswerEvent): ModelEvent[] => {
    if (delta?.type === 'input_json_delta') {
      const call = calls.findLast((candidate) => candidate.index === (index ?? undefined))
      if (call !== undefined) call.arguments += delta.partial_json ?? ''
    }
    return [...event('reasoning', delta?.thinking), ...event('text', delta?.text)]
  }
  return {
    read: (frame) => {
      const { success, data } = eventSchema.safeParse(frame)
      if (!success) throw unreadableAnswer()
      usage.add(data.message?.usage)
      usage.add(data.usage)
      if (data.type === 'content_block_start') return startBlock(data)
      if (data.type === 'content_block_delta') return continueBlock(data)
      if (data.type === 'message_delta') stopReason = data.delta?.stop_reason ?? stopReason
      return []
    },
    finish: () => {
      if (stopReason === undefined) throw cutOffAnswer()
      const whole = calls.map(toCall)
      const output = [...written, ...whole.flatMap((call) => [call.tool, call.arguments])].join('')
      return { calls: whole, reason: finishReasons[stopReason] ?? 'stop', usage: usage.total(), written: output }
    },
  }
}
