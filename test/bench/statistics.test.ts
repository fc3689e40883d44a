// Percentiles of the benchmarks, for what is good when it is low and for what is good when it is high.
import { expect } from 'chai'
import { percentile } from '../../bench/statistics.ts'

const hundred = Array.from({ length: 100 }, (_, index) => 100 - index)

describe('percentile', () => {
  it('takes the nearest rank', () => {
    expect(percentile({ unit: 'ms', samples: hundred }, 0.5)).to.equal(50)
    expect(percentile({ unit: 'ms', samples: hundred }, 0.95)).to.equal(95)
    expect(percentile({ unit: 'ms', samples: [7] }, 0.95)).to.equal(7)
  })

  it('gives what 95 % reach where high is good', () => {
    expect(percentile({ unit: 'pages/s', samples: hundred }, 0.95)).to.equal(6)
  })

  it('is no number without samples', () => {
    expect(percentile({ unit: 'ms', samples: [] }, 0.5)).to.satisfy(Number.isNaN)
  })
})
