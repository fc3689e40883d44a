// Reads the chunks of one streamed chat completion: text and reasoning go on at once, tool calls when they are whole.
// Chunks are checked, not trusted: compatible servers differ in what they leave out.
import { randomUUID } from 'node:crypto'
import { z } from 'zod'
import type { Usage } from '../../../domain/chat/chat.ts'
import type { ModelToolCall } from '../../../domain/chat/model-message.ts'
import type { FinishReason, ModelEvent } from '../language-model.ts'
import { cutOffAnswer, unreadableAnswer } from '../provider-errors.ts'
import type { AnswerReader } from '../stream-answer.ts'

const text = z.string().nullish()
const chunkSchema = z.object({
  choices: z
    .array(
      z.object({
        delta: z
          .object({
            content: text,
            refusal: text,
            /** Not OpenAI's: DeepSeek, vLLM and others send what the model thinks in one of these. */
            reasoning_content: text,
            reasoning: text,
            tool_calls: z
              .array(
                z.object({
                  index: z.int().nullish(),
                  id: text,
                  function: z.object({ name: text, arguments: text }).nullish(),
                }),
              )
              .nullish(),
          })
          .nullish(),
        finish_reason: text,
      }),
    )
    .nullish(),
  usage: z.object({ prompt_tokens: z.int().nonnegative(), completion_tokens: z.int().nonnegative() }).nullish(),
})
type Delta = NonNullable<NonNullable<z.infer<typeof chunkSchema>['choices']>[number]['delta']>
type CallDelta = NonNullable<Delta['tool_calls']>[number]

interface PartialCall {
  readonly index: number | undefined
  readonly id: string | undefined
  name: string
  arguments: string
}

const finishReasons: Readonly<Record<string, FinishReason>> = {
  stop: 'stop',
  length: 'length',
  tool_calls: 'tool-calls',
  function_call: 'tool-calls',
  content_filter: 'content-filter',
}

/** A new id or a new index begins a call; some servers leave out the one, some the other. */
function addCall(calls: PartialCall[], { index, id, function: part }: CallDelta): void {
  const last = calls.at(-1)
  const known = index == null ? last : calls.findLast((call) => call.index === index)
  const continues = known !== undefined && (!id || known.id === undefined || known.id === id)
  const call = continues ? known : { index: index ?? undefined, id: id || undefined, name: '', arguments: '' }
  if (!continues) calls.push(call)
  call.name += part?.name ?? ''
  call.arguments += part?.arguments ?? ''
}

function toCall(call: PartialCall): ModelToolCall {
  if (call.name === '') throw unreadableAnswer()
  const written = call.arguments.trim() === '' ? '{}' : call.arguments
  return { callId: call.id ?? `call_${randomUUID()}`, tool: call.name, arguments: written }
}

export function createOpenAiAnswerReader(): AnswerReader {
  const calls: PartialCall[] = []
  const written: string[] = []
  let finishReason: string | undefined
  let usage: Usage | undefined
  const event = (type: 'text' | 'reasoning', content: string | null | undefined): ModelEvent[] => {
    if (!content) return []
    written.push(content)
    return [{ type, text: content }]
  }
  return {
    read: (chunk) => {
      const { success, data } = chunkSchema.safeParse(chunk)
      if (!success) throw unreadableAnswer()
      if (data.usage != null) {
        const { prompt_tokens, completion_tokens } = data.usage
        usage = { inputTokens: prompt_tokens, outputTokens: completion_tokens, estimated: false }
      }
      const choice = data.choices?.[0]
      finishReason = choice?.finish_reason ?? finishReason
      const delta = choice?.delta
      for (const call of delta?.tool_calls ?? []) addCall(calls, call)
      return [
        ...event('reasoning', delta?.reasoning_content ?? delta?.reasoning),
        ...event('text', delta?.content),
        ...event('text', delta?.refusal),
      ]
    },
    finish: () => {
      if (finishReason === undefined || finishReason === 'error') throw cutOffAnswer()
      const whole = calls.map(toCall)
      const reason =
        whole.length > 0 && finishReason === 'stop' ? 'tool-calls' : (finishReasons[finishReason] ?? 'stop')
      const output = [...written, ...whole.flatMap((call) => [call.tool, call.arguments])].join('')
      return { calls: whole, reason, usage, written: output }
    },
  }
}
