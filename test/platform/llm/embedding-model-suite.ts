// What every driver of an embedding model must do; those over a network prove it over their official SDK and real
// connections. Called once for each driver.
import { expect } from 'chai'
import type { EmbeddingModel } from '../../../platform/llm/embedding-model.ts'
import { eventually } from '../../support/eventually.ts'
import { type MockUpstream, type RawResponse, startMockUpstream } from '../../support/mock-upstream.ts'
import { appErrorOf } from '../../support/model-events.ts'
import { rejection } from '../../support/rejection.ts'

const { signal } = new AbortController()

/** `open`: a model whose server is there. */
export function describeEmbeddingModel(name: string, dimensions: number, open: () => Promise<EmbeddingModel>): void {
  it('gives one vector of length 1 for each text, in order, and the same for the same text', async () => {
    const model = await open()
    expect([model.name, model.dimensions]).to.deep.equal([name, dimensions])
    const embedded = await model.embed(['bridge', 'canteen', 'bridge'], { signal })
    expect(embedded.map((vector) => vector.length)).to.deep.equal([dimensions, dimensions, dimensions])
    for (const vector of embedded) {
      expect(vector.reduce((sum, value) => sum + value * value, 0)).to.be.closeTo(1, 1e-5)
    }
    expect(embedded[0]).to.deep.equal(embedded[2])
    expect(embedded[0]).not.to.deep.equal(embedded[1])
  })

  it('takes a whole batch, no text at all, and refuses more than a batch', async () => {
    const model = await open()
    const texts = Array.from({ length: model.batchSize }, (_, index) => `text ${index}`)
    expect(await model.embed(texts, { signal })).to.have.length(model.batchSize)
    expect(await model.embed([], { signal })).to.deep.equal([])
    expect((await appErrorOf(model.embed([...texts, 'one more'], { signal }))).code).to.equal('internal')
  })

  it('stops with the signal’s reason when that is aborted already', async () => {
    const reason = new Error('enough')
    const model = await open()
    expect(await rejection(model.embed(['x'], { signal: AbortSignal.abort(reason) }))).to.equal(reason)
  })
}

export interface EmbeddingDialect {
  /** A model whose dimensions are known, and how many they are. */
  readonly model: string
  readonly dimensions: number
  open(url: string, model: string, options?: { readonly stallTimeoutMs?: number }): Promise<EmbeddingModel>
  /** The answer that holds these vectors. */
  answer(vectors: readonly (readonly unknown[])[]): unknown
}

const json = (body: unknown, more: Partial<RawResponse> = {}): RawResponse => ({
  headers: { 'content-type': 'application/json' },
  body: JSON.stringify(body),
  ...more,
})

/** What a driver must do besides when its model is behind a network. */
export function describeEmbeddingProvider({ model, dimensions, open, answer }: EmbeddingDialect): void {
  const axis = (slot: number): number[] => Array.from({ length: dimensions }, (_, index) => (index === slot ? 2 : 0))
  const raw: Readonly<Record<string, RawResponse>> = {
    single: json(answer([[0, 5, 0]])),
    scaled: json(answer([axis(1)])),
    short: json(answer([[1, 0]])),
    zero: json(answer([axis(-1)])),
    many: json(answer([axis(0), axis(0)])),
    none: json(answer([])),
    strange: json({ data: 'none', embeddings: 'none' }),
    text: { body: 'welcome' },
    limit: json({ error: 'sk-1' }, { status: 429, headers: { 'retry-after': '3' } }),
    silence: { body: '', silent: true },
  }
  let upstream: MockUpstream
  before(async () => {
    upstream = await startMockUpstream({ raw })
  })
  after(() => upstream.stop())
  const rawModel = (name: string, options = {}) => open(upstream.rawUrl(name), model, options)

  it('scales vectors to length 1', async () => {
    const [vector] = await (await rawModel('scaled')).embed(['a'], { signal })
    expect(vector?.[1]).to.equal(1)
  })

  it('asks nobody for known dimensions, and once for others', async () => {
    await rawModel('single')
    expect(upstream.rawRequests('single')).to.have.length(0)
    expect((await open(upstream.rawUrl('single'), 'some-other')).dimensions).to.equal(3)
    expect(upstream.rawRequests('single')).to.have.length(1)
  })

  for (const [name, code] of [
    ['zero', 'llm.unavailable'],
    ['many', 'llm.unavailable'],
    ['none', 'llm.unavailable'],
    ['strange', 'llm.unavailable'],
    ['text', 'llm.unavailable'],
    ['short', 'llm.rejected'],
  ] as const) {
    it(`refuses the answer “${name}”`, async () => {
      const embedding = await rawModel(name)
      expect((await appErrorOf(embedding.embed(['a'], { signal }))).code).to.equal(code)
    })
  }

  it('passes on how long to wait, and nothing of what the provider wrote', async () => {
    const failure = await appErrorOf((await rawModel('limit')).embed(['a'], { signal }))
    expect([failure.code, failure.retryAfterMs]).to.deep.equal(['llm.rate_limited', 3_000])
    expect(`${failure.detail} ${failure.stack}`).not.to.include('sk-1')
  })

  it('gives up on a silent provider, and hangs up on it when it is cancelled', async () => {
    const impatient = await rawModel('silence', { stallTimeoutMs: 50 })
    expect((await appErrorOf(impatient.embed(['a'], { signal }))).detail).to.match(/sent nothing/)
    const asked = upstream.rawRequests('silence').length
    const controller = new AbortController()
    const reason = new Error('enough')
    const running = rejection((await rawModel('silence')).embed(['a'], { signal: controller.signal }))
    await eventually('the provider was asked', () => upstream.rawRequests('silence').length > asked)
    const closed = upstream.hungUp('silence')
    controller.abort(reason)
    expect(await running).to.equal(reason)
    await closed
  })
}
