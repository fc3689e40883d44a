// The one table that the benchmarks print, in Markdown: each figure beside its baseline, and whether an aim is met.
import type { Aim, Row } from './benchmark.ts'
import { isRate, percentile, type Series } from './statistics.ts'

const percentiles = (series: Series): { readonly p50: number; readonly p95: number } => ({
  p50: percentile(series, 0.5),
  p95: percentile(series, 0.95),
})

/** Three significant digits are more than a machine repeats. */
const digits = (value: number): string =>
  value.toLocaleString('en', { maximumFractionDigits: value < 10 ? 2 : value < 100 ? 1 : 0 })

const ratioOf = (value: number, base: number): string => (value / base).toFixed(2)

const isMet = ({ measured, baseline }: Row, { of, limit }: Aim): boolean => {
  const { p50 } = percentiles(measured)
  const value = of === 'p50' || baseline === undefined ? p50 : p50 / percentiles(baseline).p50
  return isRate(measured.unit) ? value >= limit : value <= limit
}

function describeAim({ measured }: Row, { of, limit }: Aim): string {
  const sign = isRate(measured.unit) ? '≥' : '≤'
  return of === 'ratio' ? `${sign} ${limit} ×` : `${sign} ${limit} ${measured.unit}`
}

function cells(row: Row): string[] {
  const { measured, baseline, aim } = row
  const { p50, p95 } = percentiles(measured)
  const base = baseline === undefined ? undefined : percentiles(baseline)
  return [
    measured.name,
    `${digits(p50)} ${measured.unit}`,
    `${digits(p95)} ${measured.unit}`,
    baseline === undefined || base === undefined
      ? '–'
      : `${baseline.name}: ${digits(base.p50)} / ${digits(base.p95)} ${baseline.unit}`,
    base === undefined ? '–' : `${ratioOf(p50, base.p50)} / ${ratioOf(p95, base.p95)}`,
    aim === undefined ? '–' : describeAim(row, aim),
    aim === undefined ? '–' : isMet(row, aim) ? 'yes' : 'no',
  ]
}

const toLine = (values: readonly string[]): string => `| ${values.join(' | ')} |`

export function formatTable(rows: readonly Row[]): string {
  const head = ['what', 'p50', 'p95', 'baseline: p50 / p95', 'ratio: p50 / p95', 'aim', 'met']
  return [toLine(head), toLine(head.map(() => '---')), ...rows.map((row) => toLine(cells(row)))].join('\n')
}
