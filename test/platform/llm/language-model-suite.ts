// What every driver of a language model must do, over its provider's official SDK and real connections: called once for
// each provider. What it makes of failures stands in docs/provider-errors.md and is tested by provider-errors.
import type { Fixture } from '@copilotkit/aimock'
import { expect } from 'chai'
import type { LanguageModel, ModelEvent, ModelRequest } from '../../../platform/llm/language-model.ts'
import { countTokens } from '../../../platform/llm/tokens.ts'
import { eventually } from '../../support/eventually.ts'
import {
  type MockUpstream,
  numberedTokens,
  type RawResponse,
  slowFixture,
  startMockUpstream,
} from '../../support/mock-upstream.ts'
import { appErrorOf, gatherEvents, joinText } from '../../support/model-events.ts'
import type { Dialect } from '../../support/provider-dialects.ts'
import { rejection } from '../../support/rejection.ts'

/** The contract's figure: so long after a cancel, or after its reader left, the provider's connection may stay open. */
const hangUpMs = 200

const toolCalls = [
  { id: 'call_a', name: 'get_weather', arguments: '{"city":"Bonn","unit":"celsius"}' },
  { id: 'call_b', name: 'get_time', arguments: '{"zone":"Europe/Berlin"}' },
]
const fixtures: readonly Fixture[] = [
  { match: { userMessage: 'greet' }, response: { content: 'Good morning, everyone!' }, chunkSize: 4 },
  { match: { userMessage: 'use tools' }, response: { toolCalls }, chunkSize: 5 },
  {
    match: { userMessage: 'talk, then act' },
    response: { content: 'Let me look.', toolCalls: toolCalls.slice(0, 1) },
    chunkSize: 5,
  },
  slowFixture('slow', 400, { ttft: 5, tps: 50 }),
  {
    match: { userMessage: 'be cut' },
    response: { content: numberedTokens(50) },
    chunkSize: 5,
    truncateAfterChunks: 10,
  },
  { match: { userMessage: 'garbage' }, response: { content: 'never' }, chaos: { malformedRate: 1 } },
  { match: { userMessage: 'drop the line' }, response: { content: 'never' }, chaos: { disconnectRate: 1 } },
  {
    match: { userMessage: 'limit' },
    response: { error: { message: 'slow down', type: 'rate_limit_error' }, status: 429, retryAfter: 7 },
  },
]

const rawAnswers = ({ begin, text, reasoning, end }: Dialect): Readonly<Record<string, RawResponse>> => ({
  open: { body: begin + text('a'), ending: 'silence' },
  silent: { body: '', silent: true },
  'no-usage': { body: begin + text('one two ') + text('three') + end() },
  usage: { body: begin + text('one') + end({ usage: { input: 321, output: 7 } }) },
  thinking: { body: begin + reasoning('Two and ') + reasoning('two.') + text('It is ') + text('4.') + end() },
  split: { body: begin + text('naïve – ') + text('日本') + end() },
})

export function describeLanguageModel(dialect: Dialect): void {
  let upstream: MockUpstream
  let model: LanguageModel
  before(async () => {
    upstream = await startMockUpstream({ fixtures, raw: rawAnswers(dialect) })
    model = dialect.open(upstream.url, { key: 'sk-test' })
  })
  after(() => upstream.stop())

  const request = (content: string, more: Partial<ModelRequest> = {}): ModelRequest => ({
    model: dialect.model,
    messages: [{ role: 'user', content }],
    ...more,
  })
  const rawModel = (name: string): LanguageModel => dialect.open(upstream.rawUrl(name))
  const callsIn = (events: readonly ModelEvent[]) =>
    events.flatMap((event) => (event.type === 'tool-call' ? [event.call] : []))

  it('streams text in pieces that make up the answer, then the usage, then the end, asked once', async () => {
    const before = upstream.requests().length
    const events = await gatherEvents(model, request('greet me'))
    expect(joinText(events)).to.equal('Good morning, everyone!')
    expect(events.filter(({ type }) => type === 'text')).to.have.length.above(3)
    expect(events.slice(-2).map(({ type }) => type)).to.deep.equal(['usage', 'finish'])
    expect(events.at(-1)).to.deep.equal({ type: 'finish', reason: 'stop' })
    expect(upstream.requests()).to.have.length(before + 1)
  })

  it('keeps characters whole that take more than one byte', async () => {
    expect(joinText(await gatherEvents(rawModel('split'), request('x')))).to.equal('naïve – 日本')
  })

  it('puts together two tool calls of one answer, whatever pieces their arguments come in', async () => {
    const events = await gatherEvents(model, request('use tools'))
    const calls = callsIn(events)
    expect(calls.map((call) => [call.tool, JSON.parse(call.arguments)])).to.deep.equal(
      toolCalls.map((call) => [call.name, JSON.parse(call.arguments)]),
    )
    expect(new Set(calls.map(({ callId }) => callId)).size).to.equal(2)
    expect(events.at(-1)).to.deep.equal({ type: 'finish', reason: 'tool-calls' })
  })

  it('gives text before the calls that come with it', async () => {
    const events = await gatherEvents(model, request('talk, then act'))
    expect(joinText(events)).to.equal('Let me look.')
    expect(callsIn(events)).to.have.length(1)
    expect(events.findLastIndex(({ type }) => type === 'text')).to.be.below(
      events.findIndex(({ type }) => type === 'tool-call'),
    )
  })

  it('tells reasoning from text', async () => {
    const events = await gatherEvents(rawModel('thinking'), request('x'))
    expect(events.map((event) => (event.type === 'reasoning' ? event.text : '')).join('')).to.equal('Two and two.')
    expect(joinText(events)).to.equal('It is 4.')
  })

  it('reports the provider’s own usage', async () => {
    expect((await gatherEvents(rawModel('usage'), request('x'))).at(-2)).to.deep.equal({
      type: 'usage',
      usage: { inputTokens: 321, outputTokens: 7, estimated: false },
    })
  })

  it('counts what the provider didn’t, and says so', async () => {
    const usage = (await gatherEvents(rawModel('no-usage'), request('How many?'))).at(-2)
    const inputTokens = 4 + countTokens('How many?')
    const outputTokens = countTokens('one two three')
    expect(usage).to.deep.equal({ type: 'usage', usage: { inputTokens, outputTokens, estimated: true } })
  })

  it('sends its key, and none when it has none', async () => {
    const before = upstream.rawRequests('usage').length
    await gatherEvents(dialect.open(upstream.rawUrl('usage'), { key: 'sk-mine' }), request('x'))
    await gatherEvents(rawModel('usage'), request('x'))
    const [withKey, without] = upstream.rawRequests('usage').slice(before)
    expect(withKey?.headers.authorization).to.equal('Bearer sk-mine')
    expect(without?.headers).not.to.have.any.keys('authorization', 'x-api-key')
  })

  it('is refused with a wrong key', async () => {
    const guarded = await startMockUpstream({ fixtures, apiKeys: ['sk-right'] })
    try {
      const events = await gatherEvents(dialect.open(guarded.url, { key: 'sk-right' }), request('greet'))
      expect(joinText(events)).to.equal('Good morning, everyone!')
      const failure = await appErrorOf(gatherEvents(dialect.open(guarded.url, { key: 'sk-wrong' }), request('greet')))
      expect(failure.code).to.equal('llm.rejected')
    } finally {
      await guarded.stop()
    }
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
    expect(await rejection(run())).to.equal(reason)
    expect(seen.join('')).to.equal(numberedTokens(3))
  })

  const begin = (name: string, signal: AbortSignal) =>
    rawModel(name).stream(request('x'), { signal })[Symbol.asyncIterator]()

  it(`hangs up within ${hangUpMs} ms of a cancel in the middle of an answer`, async () => {
    const controller = new AbortController()
    const closed = upstream.hungUp('open')
    const answer = begin('open', controller.signal)
    await answer.next()
    const reason = new Error('enough')
    const next = rejection(answer.next())
    const cancelled = performance.now()
    controller.abort(reason)
    expect(await next).to.equal(reason)
    expect((await closed) - cancelled).to.be.below(hangUpMs)
  })

  it(`hangs up within ${hangUpMs} ms of a cancel before the answer began`, async () => {
    const controller = new AbortController()
    const closed = upstream.hungUp('silent')
    const asked = upstream.rawRequests('silent').length
    const next = rejection(begin('silent', controller.signal).next())
    await eventually('the provider was asked', () => upstream.rawRequests('silent').length > asked)
    const cancelled = performance.now()
    controller.abort(new Error('enough'))
    await next
    expect((await closed) - cancelled).to.be.below(hangUpMs)
  })

  it(`hangs up within ${hangUpMs} ms when its reader leaves`, async () => {
    const closed = upstream.hungUp('open')
    const answer = begin('open', new AbortController().signal)
    await answer.next()
    const left = performance.now()
    await answer.return?.()
    expect((await closed) - left).to.be.below(hangUpMs)
  })

  it('doesn’t count the reader’s own slowness as the provider’s silence', async () => {
    const impatient = (url: string) => dialect.open(url, { stallTimeoutMs: 100 })
    const events: ModelEvent[] = []
    const { signal } = new AbortController()
    for await (const event of impatient(upstream.url).stream(request('greet'), { signal })) {
      // As long as it takes another call of the same patience to give up.
      if (events.length === 0) await appErrorOf(gatherEvents(impatient(upstream.rawUrl('open')), request('x')))
      events.push(event)
    }
    expect(joinText(events)).to.equal('Good morning, everyone!')
  })

  for (const [content, code, retryAfterMs] of [
    ['be cut', 'llm.unavailable', undefined],
    ['garbage', 'llm.unavailable', undefined],
    ['drop the line', 'llm.unavailable', undefined],
    ['limit', 'llm.rate_limited', 7_000],
  ] as const) {
    it(`makes ${code} of the mock’s own “${content}”, asked once`, async () => {
      const before = upstream.requests().length
      const failure = await appErrorOf(gatherEvents(model, request(content)))
      expect([failure.code, failure.retryAfterMs]).to.deep.equal([code, retryAfterMs])
      expect(upstream.requests()).to.have.length(before + 1)
    })
  }

  it('asks nothing when the signal is aborted already', async () => {
    const before = upstream.requests().length
    const reason = new Error('too late')
    const stream = model.stream(request('greet'), { signal: AbortSignal.abort(reason) })
    expect(await rejection(stream[Symbol.asyncIterator]().next())).to.equal(reason)
    expect(upstream.requests()).to.have.length(before)
  })
}
