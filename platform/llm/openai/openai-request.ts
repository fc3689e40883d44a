// Our request in the words of OpenAI's chat completions API.
// Only what every compatible server understands is sent, and no parameter that the caller didn't set.
import type {
  ChatCompletionCreateParamsStreaming,
  ChatCompletionMessageParam,
  ChatCompletionTool,
} from 'openai/resources/chat/completions'
import type { ModelMessage, ModelTool } from '../../../domain/chat/model-message.ts'
import type { ModelRequest } from '../language-model.ts'

function toMessage(message: ModelMessage): ChatCompletionMessageParam {
  if (message.role === 'tool') return { role: 'tool', tool_call_id: message.callId, content: message.content }
  if (message.role !== 'assistant') return { role: message.role, content: message.content }
  const calls = message.toolCalls ?? []
  if (calls.length === 0) return { role: 'assistant', content: message.content }
  return {
    role: 'assistant',
    content: message.content === '' ? null : message.content,
    tool_calls: calls.map((call) => ({
      id: call.callId,
      type: 'function',
      function: { name: call.tool, arguments: call.arguments },
    })),
  }
}

const toTool = ({ name, description, inputSchema }: ModelTool): ChatCompletionTool => ({
  type: 'function',
  function: { name, description, parameters: { ...inputSchema } },
})

/** `newNames`: the server takes `max_completion_tokens`, as OpenAI's does; compatible ones take `max_tokens`. */
export function toOpenAiRequest(
  request: ModelRequest,
  { newNames }: { readonly newNames: boolean },
): ChatCompletionCreateParamsStreaming {
  const { model, messages, tools = [], temperature, maxOutputTokens } = request
  return {
    model,
    messages: messages.map(toMessage),
    stream: true,
    stream_options: { include_usage: true },
    ...(tools.length === 0 ? {} : { tools: tools.map(toTool) }),
    ...(temperature === undefined ? {} : { temperature }),
    ...(maxOutputTokens === undefined ? {} : { [newNames ? 'max_completion_tokens' : 'max_tokens']: maxOutputTokens }),
  }
}
