// The driver for Anthropic: the suite of all drivers, and what its protocol alone has.
import { expect } from 'chai'
import type { ModelEvent, ModelRequest } from '../../../../platform/llm/language-model.ts'
import { type MockUpstream, type RawResponse, startMockUpstream } from '../../../support/mock-upstream.ts'
import { gatherEvents, joinText } from '../../../support/model-events.ts'
import { anthropicDialect } from '../../../support/provider-dialects.ts'
import { describeLanguageModel } from '../language-model-suite.ts'

const event = (frame: { readonly type: string; readonly [key: string]: unknown }): string =>
  `event: ${frame.type}\ndata: ${JSON.stringify(frame)}\n\n`
const ended = (stop_reason: string, usage: object = {}): string =>
  event({ type: 'message_delta', delta: { stop_reason }, usage }) + event({ type: 'message_stop' })
const { begin, text } = anthropicDialect
const raw: Readonly<Record<string, RawResponse>> = {
  plain: { body: begin + text('Yes.') + ended('end_turn') },
  length: { body: begin + text('Only so') + ended('max_tokens') },
  full: { body: begin + text('Only so') + ended('model_context_window_exceeded') },
  refusal: { body: begin + ended('refusal') },
  cached: {
    body:
      event({
        type: 'message_start',
        message: { usage: { input_tokens: 10, cache_creation_input_tokens: 20, cache_read_input_tokens: 300 } },
      }) +
      text('Yes.') +
      ended('end_turn', { output_tokens: 5 }),
  },
  whole: {
    body:
      begin +
      event({
        type: 'content_block_start',
        index: 0,
        content_block: { type: 'tool_use', id: 't', name: 'look', input: { a: 1 } },
      }) +
      ended('tool_use'),
  },
  unknown: { body: begin + event({ type: 'news', news: true }) + text('Yes.') + ended('end_turn') },
}
const request: ModelRequest = { model: 'claude-haiku-4-5', messages: [{ role: 'user', content: 'x' }] }

describe('the Anthropic language model', () => {
  describeLanguageModel(anthropicDialect)

  let upstream: MockUpstream
  before(async () => {
    upstream = await startMockUpstream({ raw })
  })
  after(() => upstream.stop())

  const eventsOf = (name: string): Promise<ModelEvent[]> =>
    gatherEvents(anthropicDialect.open(upstream.rawUrl(name)), request)

  it('asks at its own address, for a stream', async () => {
    await eventsOf('plain')
    const asked = upstream.rawRequests('plain').at(-1)
    expect(asked?.path).to.equal('/plain/v1/messages')
    expect(asked?.body).to.include({ model: 'claude-haiku-4-5', stream: true })
    expect(asked?.headers).to.include.keys('anthropic-version')
  })

  for (const [name, reason] of [
    ['length', 'length'],
    ['full', 'length'],
    ['refusal', 'content-filter'],
  ] as const) {
    it(`reports that the answer ended by ${name}`, async () => {
      expect((await eventsOf(name)).at(-1)).to.deep.equal({ type: 'finish', reason })
    })
  }

  it('counts input that came from the cache as input', async () => {
    expect((await eventsOf('cached')).at(-2)).to.deep.equal({
      type: 'usage',
      usage: { inputTokens: 330, outputTokens: 5, estimated: false },
    })
  })

  it('takes arguments that come whole', async () => {
    expect((await eventsOf('whole'))[0]).to.deep.equal({
      type: 'tool-call',
      call: { callId: 't', tool: 'look', arguments: '{"a":1}' },
    })
  })

  it('passes over events that it doesn’t know', async () => {
    expect(joinText(await eventsOf('unknown'))).to.equal('Yes.')
  })
})
