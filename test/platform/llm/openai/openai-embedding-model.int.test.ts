// Embeddings of OpenAI and compatible servers: the suites of all drivers, and the forms that vectors come in.
import { expect } from 'chai'
import { parseConfig } from '../../../../platform/config.ts'
import { createEmbeddings } from '../../../../platform/llm/embeddings.ts'
import { openOpenAiEmbeddingModel } from '../../../../platform/llm/openai/openai-embedding-model.ts'
import { type MockUpstream, type RawResponse, startMockUpstream } from '../../../support/mock-upstream.ts'
import { describeEmbeddingModel, describeEmbeddingProvider, type EmbeddingDialect } from '../embedding-model-suite.ts'

const dialect: EmbeddingDialect = {
  model: 'text-embedding-3-small',
  dimensions: 1_536,
  open: (url, model, options) => openOpenAiEmbeddingModel(model, { baseUrl: `${url}/v1`, ...options }),
  answer: (vectors) => ({ data: vectors.map((embedding, index) => ({ index, embedding })) }),
}

const base64 = (numbers: readonly number[]): string => Buffer.from(Float32Array.from(numbers).buffer).toString('base64')
const vectors = (...items: readonly (readonly [index: number, embedding: unknown])[]): RawResponse => ({
  headers: { 'content-type': 'application/json' },
  body: JSON.stringify({ data: items.map(([index, embedding]) => ({ index, embedding })) }),
})
const axis = (slot: number): number[] => Array.from({ length: dialect.dimensions }, (_, at) => (at === slot ? 2 : 0))
const raw: Readonly<Record<string, RawResponse>> = {
  'out-of-order': vectors([1, base64(axis(1))], [0, base64(axis(0))]),
  duplicate: vectors([0, axis(0)], [0, axis(0)]),
}

describe('the OpenAI embedding model', () => {
  let upstream: MockUpstream
  before(async () => {
    upstream = await startMockUpstream({ raw })
  })
  after(() => upstream.stop())

  describeEmbeddingModel('openai/text-embedding-3-small', 1_536, () => dialect.open(upstream.url, dialect.model))
  describeEmbeddingProvider(dialect)
  const { signal } = new AbortController()

  it('reads base64, and orders by index', async () => {
    const model = await dialect.open(upstream.rawUrl('out-of-order'), dialect.model)
    const embedded = await model.embed(['a', 'b'], { signal })
    expect(embedded.map((vector) => [vector[0], vector[1]])).to.deep.equal([
      [1, 0],
      [0, 1],
    ])
  })

  it('is opened once, however often it is asked for', async () => {
    const before = upstream.requests().length
    const embeddings = createEmbeddings(parseConfig({ OPENAI_BASE_URL: upstream.baseUrl }))
    const [first, second] = await Promise.all([embeddings.resolve('openai/nomic'), embeddings.resolve('openai/nomic')])
    expect(first).to.equal(second)
    expect(upstream.requests()).to.have.length(before + 1)
  })

  it('refuses two vectors for one text', async () => {
    const model = await dialect.open(upstream.rawUrl('duplicate'), dialect.model)
    const failure = await model.embed(['a', 'b'], { signal }).catch((thrown: unknown) => thrown)
    expect(failure).to.have.property('code', 'llm.unavailable')
  })
})
