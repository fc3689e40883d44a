// Our request in the words of Ollama's chat API. The context is always named: a server that isn't told takes a small
// one of its own and cuts the prompt to it without a word. Newer servers are told to refuse instead of cutting.
import type { ChatRequest, Message, Tool } from 'ollama'
import type { ModelMessage, ModelTool } from '../../../domain/chat/model-message.ts'
import { toArgumentsObject } from '../call-arguments.ts'
import type { ModelRequest } from '../language-model.ts'

/** Fields of the API that the SDK passes on without knowing them. */
interface OllamaChatRequest extends ChatRequest {
  readonly stream: true
  /** Whether a prompt that is longer than the context is cut. */
  readonly truncate: boolean
  /** Whether old parts of the prompt are dropped while the answer grows over the context. */
  readonly shift: boolean
}

/** Ollama has no ids of calls: a result names its tool, and follows the order of the calls. */
function toMessages(messages: readonly ModelMessage[]): Message[] {
  const tools = new Map<string, string>()
  return messages.map((message) => {
    if (message.role === 'tool') {
      return { role: 'tool', content: message.content, tool_name: tools.get(message.callId) ?? 'unknown' }
    }
    const calls = message.role === 'assistant' ? (message.toolCalls ?? []) : []
    for (const call of calls) tools.set(call.callId, call.tool)
    return {
      role: message.role,
      content: message.content,
      ...(calls.length === 0
        ? {}
        : {
            tool_calls: calls.map((call) => ({
              function: { name: call.tool, arguments: toArgumentsObject(call.arguments) },
            })),
          }),
    }
  })
}

const toTool = ({ name, description, inputSchema }: ModelTool): Tool => ({
  type: 'function',
  function: { name, description, parameters: { ...inputSchema } },
})

/** `contextWindow`: the one that the prompt was built for, in tokens. */
export function toOllamaRequest(
  request: ModelRequest,
  { contextWindow }: { readonly contextWindow: number },
): OllamaChatRequest {
  const { model, messages, tools = [], temperature, maxOutputTokens } = request
  return {
    model,
    messages: toMessages(messages),
    stream: true,
    truncate: false,
    shift: false,
    ...(tools.length === 0 ? {} : { tools: tools.map(toTool) }),
    options: {
      num_ctx: contextWindow,
      ...(temperature === undefined ? {} : { temperature }),
      ...(maxOutputTokens === undefined ? {} : { num_predict: maxOutputTokens }),
    },
  }
}
