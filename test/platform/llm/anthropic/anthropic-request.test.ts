// Any conversation of ours becomes one that Anthropic's rules accept.
import { expect } from 'chai'
import * as fc from 'fast-check'
import type { ModelMessage } from '../../../../domain/chat/model-message.ts'
import { toAnthropicRequest } from '../../../../platform/llm/anthropic/anthropic-request.ts'
import type { ModelRequest } from '../../../../platform/llm/language-model.ts'

const user = (content: string): ModelMessage => ({ role: 'user', content })
const assistant = (content: string): ModelMessage => ({ role: 'assistant', content })
const text = (content: string) => ({ type: 'text', text: content })
const built = (messages: readonly ModelMessage[], more: Partial<ModelRequest> = {}) =>
  toAnthropicRequest({ model: 'claude-haiku-4-5', messages, ...more })

describe('toAnthropicRequest', () => {
  it('puts the system prompt apart, and always bounds the answer', () => {
    const request = built([
      { role: 'system', content: 'Be kind.' },
      { role: 'system', content: 'Be brief.' },
      user('Hi'),
    ])
    expect(request).to.deep.equal({
      model: 'claude-haiku-4-5',
      max_tokens: 50_000,
      stream: true,
      system: 'Be kind.\n\nBe brief.',
      messages: [{ role: 'user', content: [text('Hi')] }],
    })
    expect(built([user('Hi')], { maxOutputTokens: 9 }).max_tokens).to.equal(9)
    expect(built([user('Hi')], { model: 'some-other' }).max_tokens).to.equal(4_096)
  })

  it('makes tool results part of the user’s message, in front of what the user says', () => {
    const calls = ['a', 'b:1'].map((callId) => ({ callId, tool: 'look', arguments: `{"at":"${callId}"}` }))
    const request = built(
      [
        user('Look'),
        { role: 'assistant', content: 'Well.', toolCalls: calls },
        { role: 'tool', callId: 'a', content: 'seen' },
        { role: 'tool', callId: 'b:1', content: '' },
        user('And?'),
      ],
      { tools: [{ name: 'look', description: 'Looks', inputSchema: { properties: {} } }] },
    )
    expect(request.tools).to.deep.equal([
      { name: 'look', description: 'Looks', input_schema: { type: 'object', properties: {} } },
    ])
    expect(request.messages.slice(1)).to.deep.equal([
      {
        role: 'assistant',
        content: [
          text('Well.'),
          { type: 'tool_use', id: 'a', name: 'look', input: { at: 'a' } },
          { type: 'tool_use', id: 'b_1', name: 'look', input: { at: 'b:1' } },
        ],
      },
      {
        role: 'user',
        content: [
          { type: 'tool_result', tool_use_id: 'a', content: 'seen' },
          { type: 'tool_result', tool_use_id: 'b_1', content: '' },
          text('And?'),
        ],
      },
    ])
  })

  it('gives arguments that are no object as an empty one', () => {
    for (const written of ['', '{"a', '[1]', 'null']) {
      const call = { callId: 'c', tool: 'look', arguments: written }
      const { messages } = built([user('x'), { role: 'assistant', content: '', toolCalls: [call] }])
      expect(messages[1]?.content).to.deep.equal([{ type: 'tool_use', id: 'c', name: 'look', input: {} }])
    }
  })

  it('sends a temperature of at most 1, and none to models that refuse it', () => {
    expect(built([user('x')], { temperature: 0 }).temperature).to.equal(0)
    expect(built([user('x')], { temperature: 1.7 }).temperature).to.equal(1)
    expect(built([user('x')], { temperature: 0.5, model: 'claude-haiku-5-5' })).not.to.have.property('temperature')
  })

  it('alternates roles, begins and ends with the user and holds no empty text, whatever it is given', () => {
    const message = fc.oneof(
      fc.constantFrom('', '  \n', 'a', 'b').map(user),
      fc.constantFrom('', ' ', 'c', 'd').map(assistant),
    )
    fc.assert(
      fc.property(fc.array(message, { maxLength: 12 }), (messages) => {
        const roles = built(messages).messages.map(({ role }) => role)
        expect(roles).to.deep.equal(roles.map((_, index) => (index % 2 === 0 ? 'user' : 'assistant')))
        expect(roles.at(-1)).to.equal('user')
        const texts = JSON.stringify(built(messages).messages).matchAll(/"text":"([^"]*)"/g)
        for (const [, content] of texts) expect(content?.replaceAll('\\n', '').trim()).not.to.equal('')
      }),
    )
  })
})
