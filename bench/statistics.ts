// Percentiles, and the one table that every benchmark prints: figures beside their baseline in the same run.

export function percentile(samples: readonly number[], share: number): number {
  const sorted = samples.toSorted((a, b) => a - b)
  return sorted[Math.min(sorted.length - 1, Math.floor(sorted.length * share))] ?? Number.NaN
}

export interface Measurement {
  readonly name: string
  readonly samplesMs: readonly number[]
}

/** Prints p50 and p95 in milliseconds, and each p50 as a multiple of the baseline's. */
export function printTable(title: string, baseline: Measurement, others: readonly Measurement[]): void {
  const base = percentile(baseline.samplesMs, 0.5)
  console.log(`\n${title} (${baseline.samplesMs.length} samples each; ratio to “${baseline.name}”)`)
  console.log('| what | p50 ms | p95 ms | ratio |\n|---|---|---|---|')
  for (const { name, samplesMs } of [baseline, ...others]) {
    const [p50, p95] = [percentile(samplesMs, 0.5), percentile(samplesMs, 0.95)]
    console.log(`| ${name} | ${p50.toFixed(1)} | ${p95.toFixed(1)} | ${(p50 / base).toFixed(2)} |`)
  }
}

/** Runs `work` one after the other: first some rounds unmeasured, then `count` measured ones. */
export async function measure(name: string, count: number, work: () => Promise<number | void>): Promise<Measurement> {
  const samplesMs: number[] = []
  for (let round = -5; round < count; round++) {
    const started = performance.now()
    const own = await work()
    const elapsed = own ?? performance.now() - started
    if (round >= 0) samplesMs.push(elapsed)
  }
  return { name, samplesMs }
}
