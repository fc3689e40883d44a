// Words compare without case, inflection and filler, in any script, and the rare ones weigh more.
import { expect } from 'chai'
import { termsOf, termWeights } from '../../../domain/chat/terms.ts'

describe('termsOf', () => {
  it('makes the forms of a word one', () => {
    for (const [one, other] of [
      ['opened', 'opens'],
      ['pumps', 'pump'],
      ['companies', 'company'],
      ['stopping', 'stopped'],
      ['Ｆｕｌｌ', 'full'],
    ] as const) {
      expect(termsOf(one), one).to.deep.equal(termsOf(other))
    }
  })

  it('leaves out words that say nothing, and keeps numbers and names', () => {
    expect(termsOf('What is the toll of the bridge in 2018?')).to.deep.equal(['toll', 'bridg', '2018'])
  })

  it('takes scripts without spaces in pairs', () => {
    expect(termsOf('公共建筑')).to.deep.equal(['公共', '共建', '建筑'])
  })
})

describe('termWeights', () => {
  it('gives a rare term more, and one that is nowhere the most', () => {
    const weightOf = termWeights([new Set(['common', 'rare']), new Set(['common'])])
    expect(weightOf('rare')).to.be.above(weightOf('common'))
    expect(weightOf('nowhere')).to.be.above(weightOf('rare'))
  })
})
