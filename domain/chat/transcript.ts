// From a chat's messages to those of a model: each call is followed by its result, in the order of the calls, because
// providers refuse a history in which one is missing.
import type { Message } from './chat.ts'
import type { ModelMessage, ModelToolCall } from './model-message.ts'
import { renderToolAnswer } from './prompt.ts'
import { cutAnswer, errorAnswer } from './tool-answer.ts'

export type TranscriptMessage = Pick<Message, 'role' | 'content' | 'toolCalls' | 'callId'>

const lost = errorAnswer({ code: 'tool.outcome_unknown', detail: 'The turn ended before the tool had answered.' })

const toCall = ({ callId, tool, arguments: args }: Message['toolCalls'][number]): ModelToolCall => ({
  callId,
  tool,
  arguments: JSON.stringify(args),
})

/** What the tools said between an assistant's message and the next one that is no tool's. */
function answersAfter(messages: readonly TranscriptMessage[], index: number): ReadonlyMap<string | null, string> {
  const answers = new Map<string | null, string>()
  for (const { role, callId, content } of messages.slice(index + 1)) {
    if (role !== 'tool') break
    answers.set(callId, content)
  }
  return answers
}

/**
 * `longest`: the characters of a tool's answer, which is cut there. `withCalls`: whether the request offers tools. Providers take no calls in a request without them: what was called is
 * left out then, and what came of it stands in the user's place, as delimited data.
 */
export function toModelMessages(
  messages: readonly TranscriptMessage[],
  { withCalls, longest }: { readonly withCalls: boolean; readonly longest: number },
): ModelMessage[] {
  return messages.flatMap((message, index): ModelMessage[] => {
    const { role, content, toolCalls } = message
    if (role === 'tool') return []
    if (role === 'user' || toolCalls.length === 0) return [{ role, content }]
    const answers = answersAfter(messages, index)
    const rendered = toolCalls.map(({ callId, tool }) => ({
      callId,
      content: renderToolAnswer(tool, cutAnswer(answers.get(callId) ?? lost, longest)),
    }))
    if (withCalls) {
      const results = rendered.map((answer): ModelMessage => ({ role: 'tool', ...answer }))
      return [{ role, content, toolCalls: toolCalls.map(toCall) }, ...results]
    }
    const said: ModelMessage[] = content.trim() === '' ? [] : [{ role, content }]
    return [...said, { role: 'user', content: rendered.map((answer) => answer.content).join('\n') }]
  })
}
