// What a benchmark is: it measures its subject and its baseline in one run, and gives rows for the one table.
import type { Series } from './statistics.ts'

/** A limit for the ratio to the baseline, or for the figure itself; whether from above or below follows from the unit. */
export interface Aim {
  readonly of: 'ratio' | 'p50'
  readonly limit: number
}

export interface Row {
  readonly measured: Series
  /** Measured in turn with it, at the same concurrency. */
  readonly baseline?: Series
  readonly aim?: Aim
}

export interface BenchmarkContext {
  /** How often to measure: the benchmark's own count, multiplied by the option `--scale`; at least once. */
  times(count: number): number
  /** Run after the benchmark, the last one first, whether it succeeds or not. */
  defer(close: () => Promise<unknown> | void): void
  /** A line on stderr about what is being done. */
  progress(line: string): void
}

export interface Benchmark {
  readonly name: string
  run(context: BenchmarkContext): Promise<readonly Row[]>
}
