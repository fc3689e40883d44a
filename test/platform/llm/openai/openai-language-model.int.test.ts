// The driver for OpenAI and compatible servers: the suite of all drivers, what it sends, and what such servers differ in.
import { expect } from 'chai'
import type { ModelRequest } from '../../../../platform/llm/language-model.ts'
import { type MockUpstream, type RawResponse, startMockUpstream } from '../../../support/mock-upstream.ts'
import { appErrorOf, gatherEvents, joinText } from '../../../support/model-events.ts'
import { chunkFrame, doneFrame, openAiDialect } from '../../../support/provider-dialects.ts'
import { describeLanguageModel } from '../language-model-suite.ts'

const end = (finish_reason: string): string => chunkFrame({}, { finish_reason }) + doneFrame
const callFrame = (call: object): string => chunkFrame({ tool_calls: [call] })
const raw: Readonly<Record<string, RawResponse>> = {
  plain: { body: chunkFrame({ content: 'Yes.' }) + end('stop') },
  length: { body: chunkFrame({ content: 'Only so' }) + end('length') },
  refusal: { body: chunkFrame({ refusal: 'I won’t.' }) + end('content_filter') },
  'reasoning-field': { body: chunkFrame({ reasoning: 'Hm.' }) + chunkFrame({ content: 'Yes.' }) + end('stop') },
  'router-frame': { body: 'data: {"error":{"message":"upstream","code":502}}\n\n' },
  'bad-parameter': { status: 400, body: '{"error":{"message":"no","param":"temperature"}}' },
  'no-index': {
    body: [
      callFrame({ id: 'x', function: { name: 'first', arguments: '{"a"' } }),
      callFrame({ function: { arguments: ':1}' } }),
      callFrame({ id: 'y', function: { name: 'second', arguments: '' } }),
      end('stop'),
    ].join(''),
  },
}
const request: ModelRequest = { model: 'gpt-test', messages: [{ role: 'user', content: 'x' }] }

describe('the OpenAI language model', () => {
  describeLanguageModel(openAiDialect)

  let upstream: MockUpstream
  before(async () => {
    upstream = await startMockUpstream({ raw })
  })
  after(() => upstream.stop())

  const eventsOf = (name: string, given = request) => gatherEvents(openAiDialect.open(upstream.rawUrl(name)), given)

  it('sends the conversation in the provider’s words', async () => {
    const messages: ModelRequest['messages'] = [
      { role: 'system', content: 'Be kind.' },
      { role: 'user', content: 'greet' },
      { role: 'assistant', content: '', toolCalls: [{ callId: 'c', tool: 'look', arguments: '{}' }] },
      { role: 'tool', callId: 'c', content: 'seen' },
      { role: 'user', content: 'greet again' },
    ]
    const tools = [{ name: 'look', description: 'Looks', inputSchema: { type: 'object' } }]
    await eventsOf('plain', { model: 'gpt-test', messages, tools, temperature: 0.5, maxOutputTokens: 99 })
    const call = { id: 'c', type: 'function', function: { name: 'look', arguments: '{}' } }
    expect(upstream.rawRequests('plain').at(-1)?.body).to.deep.equal({
      model: 'gpt-test',
      stream: true,
      stream_options: { include_usage: true },
      temperature: 0.5,
      max_tokens: 99,
      tools: [{ type: 'function', function: { name: 'look', description: 'Looks', parameters: { type: 'object' } } }],
      messages: [
        messages[0],
        messages[1],
        { role: 'assistant', content: null, tool_calls: [call] },
        { role: 'tool', tool_call_id: 'c', content: 'seen' },
        messages[4],
      ],
    })
  })

  it('puts tool calls together from servers that leave out the index', async () => {
    const events = await eventsOf('no-index')
    expect(events.filter(({ type }) => type === 'tool-call')).to.deep.equal([
      { type: 'tool-call', call: { callId: 'x', tool: 'first', arguments: '{"a":1}' } },
      { type: 'tool-call', call: { callId: 'y', tool: 'second', arguments: '{}' } },
    ])
    expect(events.at(-1)).to.deep.equal({ type: 'finish', reason: 'tool-calls' })
  })

  it('reads the other field that servers use for reasoning', async () => {
    expect((await eventsOf('reasoning-field'))[0]).to.deep.equal({ type: 'reasoning', text: 'Hm.' })
  })

  it('takes a router’s number in the stream for a status, and names our parameter that is refused', async () => {
    const router = await appErrorOf(eventsOf('router-frame'))
    expect(router.code).to.equal('llm.unavailable')
    expect(router.detail).to.match(/HTTP 502/)
    const refused = await appErrorOf(eventsOf('bad-parameter'))
    expect(refused.code).to.equal('llm.rejected')
    expect(refused.detail).to.match(/HTTP 400, about the parameter temperature/)
  })

  it('reports why the answer ended, and shows a refusal', async () => {
    expect((await eventsOf('length')).at(-1)).to.deep.equal({ type: 'finish', reason: 'length' })
    const refused = await eventsOf('refusal')
    expect(joinText(refused)).to.equal('I won’t.')
    expect(refused.at(-1)).to.deep.equal({ type: 'finish', reason: 'content-filter' })
  })
})
