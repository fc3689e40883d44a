// Reads the lines of one streamed chat: text and thinking go on at once; tool calls come whole, and go on at the end.
// Lines are checked, not trusted: proxies and other servers speak this protocol too.
import { randomUUID } from 'node:crypto'
import { z } from 'zod'
import type { Usage } from '../../../domain/chat/chat.ts'
import type { ModelToolCall } from '../../../domain/chat/model-message.ts'
import type { ModelEvent } from '../language-model.ts'
import { cutOffAnswer, unreadableAnswer } from '../provider-errors.ts'
import type { AnswerReader } from '../stream-answer.ts'

const text = z.string().nullish()
const lineSchema = z.object({
  message: z
    .object({
      content: text,
      thinking: text,
      tool_calls: z
        .array(
          z.object({ id: text, function: z.object({ name: z.string().min(1), arguments: z.unknown().optional() }) }),
        )
        .nullish(),
    })
    .nullish(),
  done: z.boolean().nullish(),
  done_reason: text,
  prompt_eval_count: z.int().nonnegative().nullish(),
  eval_count: z.int().nonnegative().nullish(),
})
type Line = z.infer<typeof lineSchema>
type CallPart = NonNullable<NonNullable<Line['message']>['tool_calls']>[number]

const toCall = ({ id, function: called }: CallPart): ModelToolCall => ({
  callId: id || `call_${randomUUID()}`,
  tool: called.name,
  arguments: typeof called.arguments === 'string' ? called.arguments : JSON.stringify(called.arguments ?? {}),
})

/** undefined where the server counted nothing: older ones leave out a prompt that they had in their cache. */
const readUsage = ({ prompt_eval_count, eval_count }: Line): Usage | undefined =>
  prompt_eval_count == null || prompt_eval_count === 0 || eval_count == null
    ? undefined
    : { inputTokens: prompt_eval_count, outputTokens: eval_count, estimated: false }

export function createOllamaAnswerReader(): AnswerReader {
  const calls: ModelToolCall[] = []
  const written: string[] = []
  let last: Line | undefined
  const event = (type: 'text' | 'reasoning', content: string | null | undefined): ModelEvent[] => {
    if (!content) return []
    written.push(content)
    return [{ type, text: content }]
  }
  return {
    read: (frame) => {
      const { success, data } = lineSchema.safeParse(frame)
      if (!success) throw unreadableAnswer()
      if (data.done === true) last = data
      calls.push(...(data.message?.tool_calls ?? []).map(toCall))
      return [...event('reasoning', data.message?.thinking), ...event('text', data.message?.content)]
    },
    finish: () => {
      if (last === undefined) throw cutOffAnswer()
      const output = [...written, ...calls.flatMap((call) => [call.tool, call.arguments])].join('')
      const reason = last.done_reason === 'length' ? 'length' : calls.length > 0 ? 'tool-calls' : 'stop'
      return { calls, reason, usage: readUsage(last), written: output }
    },
  }
}
