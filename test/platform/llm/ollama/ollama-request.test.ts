// Our conversation in Ollama's words, always with the context that it was built for.
import { expect } from 'chai'
import { toOllamaRequest } from '../../../../platform/llm/ollama/ollama-request.ts'

describe('toOllamaRequest', () => {
  it('names the context, and asks to be refused rather than cut', () => {
    const messages = [{ role: 'user', content: 'Hi' }] as const
    expect(toOllamaRequest({ model: 'llama3.2', messages }, { contextWindow: 16_384 })).to.deep.equal({
      model: 'llama3.2',
      stream: true,
      truncate: false,
      shift: false,
      messages,
      options: { num_ctx: 16_384 },
    })
  })

  it('gives results the name of their tool, and arguments as an object', () => {
    const request = toOllamaRequest(
      {
        model: 'llama3.2',
        messages: [
          { role: 'system', content: 'Be kind.' },
          { role: 'assistant', content: '', toolCalls: [{ callId: 'c', tool: 'look', arguments: '{"at":1}' }] },
          { role: 'tool', callId: 'c', content: 'seen' },
        ],
        tools: [{ name: 'look', description: 'Looks', inputSchema: { type: 'object' } }],
        temperature: 0.5,
        maxOutputTokens: 99,
      },
      { contextWindow: 8_192 },
    )
    expect(request.messages).to.deep.equal([
      { role: 'system', content: 'Be kind.' },
      { role: 'assistant', content: '', tool_calls: [{ function: { name: 'look', arguments: { at: 1 } } }] },
      { role: 'tool', content: 'seen', tool_name: 'look' },
    ])
    expect(request.tools).to.deep.equal([
      { type: 'function', function: { name: 'look', description: 'Looks', parameters: { type: 'object' } } },
    ])
    expect(request.options).to.deep.equal({ num_ctx: 8_192, temperature: 0.5, num_predict: 99 })
  })
})
