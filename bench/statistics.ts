// Samples and their percentiles. A rate is good when it is high, everything else when it is low; so a rate's 95th
// percentile is what 95 % of the samples reach.

export type Unit = 'ms' | 's' | 'pages/s' | 'tx/s' | 'MB' | 'kB'

export interface Series {
  readonly name: string
  readonly unit: Unit
  readonly samples: readonly number[]
}

export const isRate = (unit: Unit): boolean => unit === 'pages/s' || unit === 'tx/s'

/** By the nearest rank; NaN without samples. `share` is of the samples that are as good or better: 0.5, 0.95. */
export function percentile({ samples, unit }: Pick<Series, 'samples' | 'unit'>, share: number): number {
  const bestFirst = samples.toSorted((a, b) => (isRate(unit) ? b - a : a - b))
  return bestFirst[Math.max(0, Math.ceil(bestFirst.length * share) - 1)] ?? Number.NaN
}
