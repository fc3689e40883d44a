// Embeddings over the official SDK and a real HTTP connection, from servers that send numbers or base64.
import { expect } from 'chai'
import { parseConfig, Secret } from '../../../../platform/config.ts'
import { createEmbeddings } from '../../../../platform/llm/embeddings.ts'
import { openOpenAiEmbeddingModel } from '../../../../platform/llm/openai/openai-embedding-model.ts'
import { type MockUpstream, type RawResponse, startMockUpstream } from '../../../support/mock-upstream.ts'
import { appErrorOf } from '../../../support/model-events.ts'

const json = (body: unknown): RawResponse => ({
  headers: { 'content-type': 'application/json' },
  body: JSON.stringify(body),
})
const base64 = (numbers: readonly number[]): string => Buffer.from(Float32Array.from(numbers).buffer).toString('base64')
/** Of text-embedding-3-small's dimensions, and of length 2. */
const axis = (slot: number): number[] => Array.from({ length: 1_536 }, (_, index) => (index === slot ? 2 : 0))
const vectors = (...items: readonly (readonly [index: number, embedding: unknown])[]): RawResponse =>
  json({ data: items.map(([index, embedding]) => ({ index, embedding })) })
const raw: Readonly<Record<string, RawResponse>> = {
  'out-of-order': vectors([1, base64(axis(1))], [0, base64(axis(0))]),
  single: vectors([0, [0, 5, 0]]),
  short: vectors([0, [1, 0]]),
  zero: vectors([0, [0, 0]]),
  duplicate: vectors([0, [1, 0]], [0, [1, 0]]),
  strange: json({ data: 'none' }),
  text: { body: 'welcome' },
}
const signal = new AbortController().signal

describe('the OpenAI embedding model', () => {
  let upstream: MockUpstream
  before(async () => {
    upstream = await startMockUpstream({
      raw,
      fixtures: [
        { match: { inputText: 'limit' }, response: { error: { message: 'sk-1' }, status: 429, retryAfter: 3 } },
        { match: { inputText: 'silence' }, response: { embedding: [1] }, chaos: { latencyMs: 1_000 } },
      ],
    })
  })
  after(() => upstream.stop())

  const rawOptions = (name: string) => ({ baseUrl: upstream.rawBaseUrl(name) })
  const codeOf = async (work: Promise<unknown>): Promise<string> => {
    const failure = await appErrorOf(work)
    expect(failure.detail).not.to.match(/sk-/)
    return failure.code
  }

  it('embeds texts with vectors of length 1, in one call', async () => {
    const model = await openOpenAiEmbeddingModel('text-embedding-3-small', {
      apiKey: new Secret('k'),
      baseUrl: upstream.baseUrl,
    })
    const embedded = await model.embed(['bridge', 'canteen'], { signal })
    expect(model).to.include({ name: 'openai/text-embedding-3-small', dimensions: 1_536, batchSize: 100 })
    expect(embedded.map((vector) => vector.length)).to.deep.equal([1_536, 1_536])
    for (const vector of embedded) {
      expect(vector.reduce((sum, value) => sum + value * value, 0)).to.be.closeTo(1, 1e-5)
    }
    expect(embedded[0]).not.to.deep.equal(embedded[1])
    expect(upstream.requests()).to.have.length(1)
  })

  it('reads base64, and orders by index', async () => {
    const model = await openOpenAiEmbeddingModel('text-embedding-3-small', rawOptions('out-of-order'))
    const embedded = await model.embed(['a', 'b'], { signal })
    expect(embedded.map((vector) => [vector[0], vector[1]])).to.deep.equal([
      [1, 0],
      [0, 1],
    ])
  })

  it('reads numbers, from servers that know no base64', async () => {
    const model = await openOpenAiEmbeddingModel('nomic', rawOptions('single'))
    expect(await model.embed(['a'], { signal })).to.deep.equal([Float32Array.from([0, 1, 0])])
  })

  it('asks once for the dimensions of a model that it doesn’t know', async () => {
    const before = upstream.requests().length
    const embeddings = createEmbeddings(parseConfig({ OPENAI_BASE_URL: upstream.baseUrl }))
    const [first, second] = await Promise.all([embeddings.resolve('openai/nomic'), embeddings.resolve('openai/nomic')])
    expect(first).to.equal(second)
    expect(first.dimensions).to.be.above(100)
    expect(upstream.requests()).to.have.length(before + 1)
  })

  for (const name of ['zero', 'duplicate', 'strange', 'text', 'short'] as const) {
    it(`refuses the answer “${name}”`, async () => {
      const model = await openOpenAiEmbeddingModel('text-embedding-3-small', rawOptions(name))
      expect(await codeOf(model.embed(['a'], { signal }))).to.equal(
        name === 'short' ? 'llm.rejected' : 'llm.unavailable',
      )
    })
  }

  it('maps the provider’s failures, silence and cancellation', async () => {
    const options = { baseUrl: upstream.baseUrl, stallTimeoutMs: 100 }
    const model = await openOpenAiEmbeddingModel('text-embedding-3-small', options)
    expect(await codeOf(model.embed(['limit'], { signal }))).to.equal('llm.rate_limited')
    expect(await codeOf(model.embed(['silence'], { signal }))).to.equal('llm.unavailable')
    const reason = new Error('enough')
    const controller = new AbortController()
    const running = model.embed(['silence'], { signal: controller.signal }).catch((thrown: unknown) => thrown)
    controller.abort(reason)
    expect(await running).to.equal(reason)
  })
})
