// The driver over the official SDK and a real HTTP connection, against a scripted server on loopback: what it sends,
// what it makes of the pieces that come back, and that it hangs up when nobody wants more. Failures: openai-errors.
import type { Fixture } from '@copilotkit/aimock'
import { expect } from 'chai'
import { Secret } from '../../../../platform/config.ts'
import type { LanguageModel, ModelRequest } from '../../../../platform/llm/language-model.ts'
import { createOpenAiLanguageModel } from '../../../../platform/llm/openai/openai-language-model.ts'
import { countTokens } from '../../../../platform/llm/tokens.ts'
import {
  chunkFrame,
  doneFrame,
  type MockUpstream,
  numberedTokens,
  type RawResponse,
  slowFixture,
  startMockUpstream,
} from '../../../support/mock-upstream.ts'
import { appErrorOf, gatherEvents, joinText } from '../../../support/model-events.ts'

const toolCalls = [
  { id: 'call_a', name: 'get_weather', arguments: '{"city":"Bonn","unit":"celsius"}' },
  { id: 'call_b', name: 'get_time', arguments: '{}' },
]
const fixtures: readonly Fixture[] = [
  { match: { userMessage: 'greet' }, response: { content: 'Good morning, everyone!' }, chunkSize: 4 },
  {
    match: { userMessage: 'think', model: 'deepseek-reasoner' },
    response: { content: 'It is 4.', reasoning: 'Two and two make four.' },
  },
  { match: { userMessage: 'use tools' }, response: { toolCalls }, chunkSize: 5 },
  { match: { userMessage: 'length' }, response: { content: 'Only so', finishReason: 'length' } },
  slowFixture('slow', 400, { ttft: 5, tps: 50 }),
]

const end = (finish_reason: string): string => chunkFrame({}, { finish_reason }) + doneFrame
const callFrame = (call: object): string => chunkFrame({ tool_calls: [call] })
const raw: Readonly<Record<string, RawResponse>> = {
  open: { body: chunkFrame({ content: 'a' }), keepOpen: true },
  'no-usage': { body: chunkFrame({ content: 'one two three' }) + end('stop') },
  'reasoning-field': { body: chunkFrame({ reasoning: 'Hm.' }) + chunkFrame({ content: 'Yes.' }) + end('stop') },
  'no-index': {
    body: [
      callFrame({ id: 'x', function: { name: 'first', arguments: '{"a"' } }),
      callFrame({ function: { arguments: ':1}' } }),
      callFrame({ id: 'y', function: { name: 'second', arguments: '' } }),
      end('stop'),
    ].join(''),
  },
}
const request = (content: string, more: Partial<ModelRequest> = {}): ModelRequest => ({
  model: 'gpt-test',
  messages: [{ role: 'user', content }],
  ...more,
})

describe('the OpenAI language model', () => {
  let upstream: MockUpstream
  let model: LanguageModel
  before(async () => {
    upstream = await startMockUpstream({ fixtures, raw })
    model = createOpenAiLanguageModel({ apiKey: new Secret('sk-test'), baseUrl: upstream.baseUrl })
  })
  after(() => upstream.stop())

  const rawModel = (name: string): LanguageModel => createOpenAiLanguageModel({ baseUrl: upstream.rawBaseUrl(name) })
  const bodyOfLast = (): Record<string, unknown> => upstream.requests().at(-1)?.body as Record<string, unknown>

  it('streams text in pieces, then the provider’s usage, then the end', async () => {
    const events = await gatherEvents(model, request('greet me'))
    expect(joinText(events)).to.equal('Good morning, everyone!')
    expect(events.filter(({ type }) => type === 'text')).to.have.length.above(3)
    expect(events.slice(-2).map(({ type }) => type)).to.deep.equal(['usage', 'finish'])
    expect(events.at(-2)).to.have.nested.property('usage.estimated', false)
    expect(events.at(-1)).to.deep.equal({ type: 'finish', reason: 'stop' })
  })

  it('sends the conversation in the provider’s words', async () => {
    const messages: ModelRequest['messages'] = [
      { role: 'system', content: 'Be kind.' },
      { role: 'user', content: 'greet' },
      { role: 'assistant', content: '', toolCalls: [{ callId: 'c', tool: 'look', arguments: '{}' }] },
      { role: 'tool', callId: 'c', content: 'seen' },
      { role: 'user', content: 'greet again' },
    ]
    const tools = [{ name: 'look', description: 'Looks', inputSchema: { type: 'object' } }]
    await gatherEvents(model, request('', { messages, tools, temperature: 0.5, maxOutputTokens: 99 }))
    expect(bodyOfLast()).to.deep.include({
      stream: true,
      stream_options: { include_usage: true },
      temperature: 0.5,
      max_tokens: 99,
      tools: [{ type: 'function', function: { name: 'look', description: 'Looks', parameters: { type: 'object' } } }],
    })
    const call = { id: 'c', type: 'function', function: { name: 'look', arguments: '{}' } }
    expect(bodyOfLast()['messages']).to.deep.equal([
      messages[0],
      messages[1],
      { role: 'assistant', content: null, tool_calls: [call] },
      { role: 'tool', tool_call_id: 'c', content: 'seen' },
      messages[4],
    ])
  })

  it('authenticates with its key', async () => {
    const guarded = await startMockUpstream({ fixtures, apiKeys: ['sk-right'] })
    const withKey = (key: string) => createOpenAiLanguageModel({ apiKey: new Secret(key), baseUrl: guarded.baseUrl })
    try {
      const events = await gatherEvents(withKey('sk-right'), request('greet'))
      expect(joinText(events)).to.equal('Good morning, everyone!')
      const failure = await appErrorOf(gatherEvents(withKey('sk-wrong'), request('greet')))
      expect(failure.code).to.equal('llm.rejected')
    } finally {
      await guarded.stop()
    }
  })

  it('works without a key, and sends none then', async () => {
    const events = await gatherEvents(createOpenAiLanguageModel({ baseUrl: upstream.baseUrl }), request('greet'))
    expect(joinText(events)).to.equal('Good morning, everyone!')
    expect(upstream.requests().at(-1)?.headers).not.to.have.property('authorization')
  })

  it('puts tool calls together from their pieces', async () => {
    const events = await gatherEvents(model, request('use tools'))
    expect(events.filter(({ type }) => type === 'tool-call')).to.deep.equal(
      toolCalls.map((call) => ({
        type: 'tool-call',
        call: { callId: call.id, tool: call.name, arguments: call.arguments },
      })),
    )
    expect(events.at(-1)).to.deep.equal({ type: 'finish', reason: 'tool-calls' })
  })

  it('puts them together from servers that leave out the index', async () => {
    const events = await gatherEvents(rawModel('no-index'), request('x'))
    expect(events.filter(({ type }) => type === 'tool-call')).to.deep.equal([
      { type: 'tool-call', call: { callId: 'x', tool: 'first', arguments: '{"a":1}' } },
      { type: 'tool-call', call: { callId: 'y', tool: 'second', arguments: '{}' } },
    ])
    expect(events.at(-1)).to.deep.equal({ type: 'finish', reason: 'tool-calls' })
  })

  it('tells reasoning from text, in both fields that servers use', async () => {
    const events = await gatherEvents(model, request('think', { model: 'deepseek-reasoner' }))
    const reasoning = events.map((event) => (event.type === 'reasoning' ? event.text : '')).join('')
    expect(reasoning).to.equal('Two and two make four.')
    expect(joinText(events)).to.equal('It is 4.')
    const [first] = await gatherEvents(rawModel('reasoning-field'), request('x'))
    expect(first).to.deep.equal({ type: 'reasoning', text: 'Hm.' })
  })

  it('reports why the answer ended', async () => {
    const events = await gatherEvents(model, request('length'))
    expect(events.at(-1)).to.deep.equal({ type: 'finish', reason: 'length' })
  })

  it('counts what the provider didn’t, and says so', async () => {
    const usage = (await gatherEvents(rawModel('no-usage'), request('How many?'))).at(-2)
    const inputTokens = 4 + countTokens('How many?')
    const outputTokens = countTokens('one two three')
    expect(usage).to.deep.equal({ type: 'usage', usage: { inputTokens, outputTokens, estimated: true } })
  })

  it('stops with the signal’s reason', async () => {
    const controller = new AbortController()
    const reason = new Error('the user has had enough')
    const seen: string[] = []
    const run = async () => {
      for await (const event of model.stream(request('slow'), { signal: controller.signal })) {
        if (event.type === 'text' && seen.push(event.text) === 3) controller.abort(reason)
      }
    }
    expect(await run().catch((thrown: unknown) => thrown)).to.equal(reason)
    expect(seen.join('')).to.equal(numberedTokens(3))
  })

  it('hangs up on the provider when it is cancelled, and when its reader leaves', async () => {
    const begin = (signal: AbortSignal) => rawModel('open').stream(request('x'), { signal })[Symbol.asyncIterator]()
    const controller = new AbortController()
    const cancelled = upstream.hungUp('open')
    const answer = begin(controller.signal)
    await answer.next()
    controller.abort()
    await answer.next().catch(() => {})
    await cancelled
    const left = upstream.hungUp('open')
    const other = begin(new AbortController().signal)
    await other.next()
    await other.return?.()
    await left
  })

  it('asks nothing when the signal is aborted already', async () => {
    const before = upstream.requests().length
    const reason = new Error('too late')
    const stream = model.stream(request('greet'), { signal: AbortSignal.abort(reason) })
    const failure = await stream[Symbol.asyncIterator]()
      .next()
      .catch((thrown: unknown) => thrown)
    expect(failure).to.equal(reason)
    expect(upstream.requests()).to.have.length(before)
  })
})
