// The usage of a call whose provider reports none: counted by the tokenizer, and marked as estimated.
// Input covers what is sent: messages, tool calls in them, and the tools on offer.
import type { Usage } from '../../domain/chat/chat.ts'
import type { ModelRequest } from './language-model.ts'
import { countTokens } from './tokens.ts'

/** What chat formats put around each message. */
const tokensPerMessage = 4

/** `output` is all that the model wrote: text, reasoning, the calls' names and arguments. */
export function estimateUsage({ messages, tools = [] }: ModelRequest, output: string): Usage {
  const written = messages.map((message) => {
    const calls = message.role === 'assistant' ? (message.toolCalls ?? []) : []
    return message.content + calls.map((call) => call.tool + call.arguments).join('')
  })
  const inputTokens = [...written, ...tools.map((tool) => JSON.stringify(tool))]
    .map((text) => tokensPerMessage + countTokens(text))
    .reduce((total, tokens) => total + tokens, 0)
  return { inputTokens, outputTokens: countTokens(output), estimated: true }
}
