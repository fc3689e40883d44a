// The table of the benchmarks: figures beside baselines, and aims judged from the right side.
import { expect } from 'chai'
import type { Row } from '../../bench/benchmark.ts'
import { formatTable } from '../../bench/table.ts'

const lastCells = (row: Row): string[] =>
  (formatTable([row]).split('\n').at(-1) ?? '').split(' | ').map((cell) => cell.replaceAll('|', '').trim())

describe('formatTable', () => {
  it('shows a figure beside its baseline, with the ratios of both percentiles', () => {
    const cells = lastCells({
      measured: { name: 'turn', unit: 'ms', samples: [40, 1_500] },
      baseline: { name: 'hello', unit: 'ms', samples: [50, 60] },
      aim: { of: 'ratio', limit: 1 },
    })
    expect(cells).to.deep.equal(['turn', '40 ms', '1,500 ms', 'hello: 50 / 60 ms', '0.80 / 25.00', '≤ 1 ×', 'yes'])
  })

  it('wants a rate to be at least the aim', () => {
    const row = (rate: number): Row => ({
      measured: { name: 'ingestion', unit: 'pages/s', samples: [rate] },
      baseline: { name: 'parser', unit: 'pages/s', samples: [100] },
      aim: { of: 'ratio', limit: 0.6 },
    })
    expect(lastCells(row(59)).slice(-2)).to.deep.equal(['≥ 0.6 ×', 'no'])
    expect(lastCells(row(61)).at(-1)).to.equal('yes')
  })

  it('judges an absolute aim by the figure itself', () => {
    const cells = lastCells({
      measured: { name: 'start', unit: 's', samples: [13] },
      baseline: { name: 'parts', unit: 's', samples: [13] },
      aim: { of: 'p50', limit: 12 },
    })
    expect(cells.slice(-2)).to.deep.equal(['≤ 12 s', 'no'])
  })

  it('does without baseline and aim', () => {
    const cells = lastCells({ measured: { name: 'memory', unit: 'kB', samples: [12.34] } })
    expect(cells).to.deep.equal(['memory', '12.3 kB', '12.3 kB', '–', '–', '–', '–'])
  })
})
