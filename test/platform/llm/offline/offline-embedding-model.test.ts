// The built-in embeddings: same text, same vector, for good; texts that share words lie nearer than others.
import { expect } from 'chai'
import * as fc from 'fast-check'
import { createOfflineEmbeddingModel, embedOffline } from '../../../../platform/llm/offline/offline-embedding-model.ts'
import { describeEmbeddingModel } from '../embedding-model-suite.ts'

const dot = (a: Float32Array, b: Float32Array): number =>
  a.reduce((sum, value, index) => sum + value * (b[index] ?? 0), 0)
const similarity = (a: string, b: string): number => dot(embedOffline(a), embedOffline(b))

describe('the offline embedding model', () => {
  describeEmbeddingModel('offline/hash-384', 384, async () => createOfflineEmbeddingModel())

  it('gives one vector of 384 numbers and length 1 for any text', () => {
    fc.assert(
      fc.property(fc.string({ unit: 'binary', maxLength: 300 }), (text) => {
        const vector = embedOffline(text)
        expect(vector).to.have.length(384)
        expect(dot(vector, vector)).to.be.closeTo(1, 1e-5)
      }),
    )
  })

  it('doesn’t depend on what was embedded before, on case, or on compatibility forms', () => {
    const before = embedOffline('The ﬁrst bridge')
    for (let index = 0; index < 30_000; index++) embedOffline(`word${index}`)
    expect(embedOffline('the FIRST bridge')).to.deep.equal(before)
  })

  it('keeps its vectors from release to release: those stored stay comparable', () => {
    const vector = embedOffline('The bridge opened in 1966.')
    const largest = [...vector.entries()].toSorted((a, b) => Math.abs(b[1]) - Math.abs(a[1])).slice(0, 3)
    expect(largest.map(([slot, value]) => [slot, Number(value.toFixed(4))])).to.deep.equal([
      [20, 0.4651],
      [167, -0.4651],
      [270, -0.4651],
    ])
  })

  it('puts the right sentence nearest, also across inflection and typing errors', () => {
    const documents = [
      'The warranty period for all pumps is 24 months from the date of delivery.',
      'The Severn Bridge opened to traffic on 8 September 1966.',
      'Every employee is entitled to 30 days of vacation in each calendar year.',
      '本规定适用于在公共建筑物内安装设备的经营者。',
    ]
    const nearest = (query: string): number =>
      documents
        .map((document, index) => ({ index, score: similarity(query, document) }))
        .toSorted((a, b) => b.score - a.score)[0]?.index ?? -1
    const queries = [
      'How long is the warranty of the pump?',
      'openning of the brigde',
      'vacations per years',
      '公共建筑物',
    ]
    expect(queries.map(nearest)).to.deep.equal([0, 1, 2, 3])
  })
})
