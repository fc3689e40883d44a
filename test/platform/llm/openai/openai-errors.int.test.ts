// What a provider may do wrong comes out as one of our codes, in our own words, and is never tried again here.
// The official SDK makes the errors, over real connections: statuses, headers, broken frames, cut lines, silence.
import type { Fixture } from '@copilotkit/aimock'
import { expect } from 'chai'
import type { AppError } from '../../../../domain/errors.ts'
import type { LanguageModel, ModelRequest } from '../../../../platform/llm/language-model.ts'
import { createOpenAiLanguageModel } from '../../../../platform/llm/openai/openai-language-model.ts'
import {
  chunkFrame,
  doneFrame,
  findClosedPort,
  type MockUpstream,
  numberedTokens,
  type RawResponse,
  startMockUpstream,
} from '../../../support/mock-upstream.ts'
import { appErrorOf, gatherEvents, joinText } from '../../../support/model-events.ts'

const fails = (userMessage: string, status: number, error: object = {}, more: object = {}): Fixture => ({
  match: { userMessage },
  response: { error: { message: 'secret sk-1234 in the message', type: 'some_error', ...error }, status, ...more },
})
const fixtures: readonly Fixture[] = [
  { match: { userMessage: 'greet' }, response: { content: 'Good morning, everyone!' }, chunkSize: 4 },
  {
    match: { userMessage: 'be cut' },
    response: { content: numberedTokens(50) },
    chunkSize: 5,
    truncateAfterChunks: 10,
  },
  { match: { userMessage: 'never answer' }, response: { content: 'never' }, chaos: { latencyMs: 1_000 } },
  { match: { userMessage: 'garbage' }, response: { content: 'never' }, chaos: { malformedRate: 1 } },
  { match: { userMessage: 'drop the line' }, response: { content: 'never' }, chaos: { disconnectRate: 1 } },
  fails('limit', 429, {}, { retryAfter: 7 }),
  fails('no quota', 429, { code: 'insufficient_quota' }),
  fails('too long', 400, { code: 'context_length_exceeded' }),
  fails('bad request', 400, { param: 'temperature' }),
  fails('bad key', 401),
  fails('no such model', 404),
  fails('timeout', 408),
  fails('conflict', 409),
  fails('broken', 500),
  fails('overloaded', 503),
]

const begun = chunkFrame({ content: 'a' })
const raw: Readonly<Record<string, RawResponse>> = {
  open: { body: begun, keepOpen: true },
  malformed: {
    body: `${begun}data: {"choices": [{"delta"\n\n${chunkFrame({}, { finish_reason: 'stop' })}${doneFrame}`,
  },
  misshapen: { body: `${begun}data: {"choices": [{"delta": {"content": {"a": 1}}}]}\n\n${doneFrame}` },
  unfinished: { body: begun + doneFrame },
  'error-frame': { body: `${begun}data: {"error":{"message":"sk-1234","code":"rate_limit_exceeded"}}\n\n` },
  'router-frame': { body: 'data: {"error":{"message":"upstream","code":502}}\n\n' },
  'retry-ms': { status: 429, headers: { 'retry-after-ms': '1500', 'retry-after': '9' }, body: '{}' },
  'retry-date': { status: 503, headers: { 'retry-after': new Date(Date.now() + 3_600_000).toUTCString() }, body: '{}' },
  'do-retry': { status: 400, headers: { 'x-should-retry': 'true' }, body: '{}' },
  'dont-retry': { status: 500, headers: { 'x-should-retry': 'false', 'x-request-id': 'req_12' }, body: '{}' },
}
const request = (content: string): ModelRequest => ({ model: 'gpt-test', messages: [{ role: 'user', content }] })

describe('failures of an OpenAI-compatible provider', () => {
  let upstream: MockUpstream
  let model: LanguageModel
  before(async () => {
    upstream = await startMockUpstream({ fixtures, raw })
    model = createOpenAiLanguageModel({ baseUrl: upstream.baseUrl })
  })
  after(() => upstream.stop())

  const rawModel = (name: string): LanguageModel => createOpenAiLanguageModel({ baseUrl: upstream.rawBaseUrl(name) })
  const impatient = (baseUrl: string) => createOpenAiLanguageModel({ baseUrl, stallTimeoutMs: 100 })
  async function failureOf(given: ModelRequest, from: LanguageModel): Promise<AppError> {
    const failure = await appErrorOf(gatherEvents(from, given))
    expect(`${failure.detail} ${failure.stack}`).not.to.match(/sk-|secret/)
    expect(failure.cause).to.equal(undefined)
    return failure
  }

  for (const [content, code, detail] of [
    ['limit', 'llm.rate_limited', /rate/],
    ['no quota', 'llm.rejected', /quota/],
    ['too long', 'llm.context_exceeded', /context/],
    ['bad request', 'llm.rejected', /HTTP 400, about the parameter temperature/],
    ['bad key', 'llm.rejected', /check OPENAI_API_KEY/],
    ['no such model', 'llm.rejected', /check the model’s name/],
    ['timeout', 'llm.unavailable', /HTTP 408/],
    ['conflict', 'llm.unavailable', /HTTP 409/],
    ['broken', 'llm.unavailable', /HTTP 500/],
    ['overloaded', 'llm.unavailable', /HTTP 503/],
    ['garbage', 'llm.unavailable', /before it was finished/],
    ['drop the line', 'llm.unavailable', /can’t be reached, or cut/],
    ['be cut', 'llm.unavailable', /can’t be reached, or cut/],
  ] as const) {
    it(`makes ${code} of “${content}”, asked once`, async () => {
      const before = upstream.requests().length
      const failure = await failureOf(request(content), model)
      expect(failure.code).to.equal(code)
      expect(failure.detail).to.match(detail)
      expect(upstream.requests()).to.have.length(before + 1)
    })
  }

  for (const [name, code, detail] of [
    ['malformed', 'llm.unavailable', /can’t be read/],
    ['misshapen', 'llm.unavailable', /can’t be read/],
    ['unfinished', 'llm.unavailable', /before it was finished/],
    ['error-frame', 'llm.rate_limited', /rate/],
    ['router-frame', 'llm.unavailable', /HTTP 502/],
    ['do-retry', 'llm.unavailable', /HTTP 400/],
    ['dont-retry', 'llm.rejected', /trying again won’t help\. Its request id: req_12/],
  ] as const) {
    it(`makes ${code} of the answer “${name}”`, async () => {
      const failure = await failureOf(request('x'), rawModel(name))
      expect(failure.code).to.equal(code)
      expect(failure.detail).to.match(detail)
    })
  }

  it('passes on how long to wait, in every form', async () => {
    expect((await failureOf(request('limit'), model)).retryAfterMs).to.equal(7_000)
    expect((await failureOf(request('x'), rawModel('retry-ms'))).retryAfterMs).to.equal(1_500)
    expect((await failureOf(request('x'), rawModel('retry-date'))).retryAfterMs).to.be.within(1, 3_600_000)
    expect((await failureOf(request('bad key'), model)).retryAfterMs).to.equal(undefined)
  })

  it('gives up on a provider that falls silent, and hangs up on it', async () => {
    const hungUp = upstream.hungUp('open')
    const failure = await failureOf(request('x'), impatient(upstream.rawBaseUrl('open')))
    expect(failure.code).to.equal('llm.unavailable')
    expect(failure.detail).to.match(/sent nothing/)
    await hungUp
  })

  it('gives up on a provider that never answers', async () => {
    const failure = await failureOf(request('never answer'), impatient(upstream.baseUrl))
    expect(failure.detail).to.match(/sent nothing/)
  })

  it('doesn’t count the reader’s own slowness as the provider’s silence', async () => {
    const signal = new AbortController().signal
    const events = []
    for await (const event of impatient(upstream.baseUrl).stream(request('greet'), { signal })) {
      // As long as it takes another call of the same patience to give up.
      if (events.length === 0) await failureOf(request('x'), impatient(upstream.rawBaseUrl('open')))
      events.push(event)
    }
    expect(joinText(events)).to.equal('Good morning, everyone!')
  })

  it('makes llm.unavailable of a server that isn’t there', async () => {
    const baseUrl = `http://127.0.0.1:${await findClosedPort()}/v1`
    expect((await failureOf(request('x'), createOpenAiLanguageModel({ baseUrl }))).code).to.equal('llm.unavailable')
  })
})
