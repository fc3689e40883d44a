// What Postgres' background processes would do: PGlite has no checkpointer (its log grew to a gigabyte) and no autovacuum.
// Both run between transactions, and only when something has happened since.
import { readdir } from 'node:fs/promises'
import { join } from 'node:path'
import type { Multiplexer } from './multiplexer/multiplexer.ts'

export interface MaintenanceOptions {
  readonly multiplexer: Pick<Multiplexer, 'administer' | 'unitsRun'>
  readonly clusterDirectory: string
  /** How often it looks, in milliseconds. */
  readonly lookEveryMs?: number
  readonly checkpointEveryMs?: number
  readonly vacuumEveryMs?: number
  /** A checkpoint is due at once when the log has this many segments of 16 MB. */
  readonly logSegments?: number
  onError(task: string, error: unknown): void
}

/** Segments of the write-ahead log: names of 24 hexadecimal digits. */
async function countSegments(clusterDirectory: string): Promise<number> {
  const names = await readdir(join(clusterDirectory, 'pg_wal'))
  return names.filter((name) => /^[0-9A-F]{24}$/.test(name)).length
}

/** Starts the timer; the returned function ends it. */
export function startMaintenance(options: MaintenanceOptions): () => void {
  const { multiplexer, clusterDirectory, onError } = options
  const { lookEveryMs = 5_000, checkpointEveryMs = 60_000, vacuumEveryMs = 15 * 60_000, logSegments = 5 } = options
  const tasks = {
    checkpoint: { sql: 'checkpoint', at: performance.now(), units: 0 },
    vacuum: { sql: 'vacuum (analyze)', at: performance.now(), units: 0 },
  }
  let isBusy = false

  const runTask = async (name: keyof typeof tasks): Promise<void> => {
    const task = tasks[name]
    task.at = performance.now()
    task.units = multiplexer.unitsRun
    await multiplexer.administer(task.sql).catch((error: unknown) => onError(name, error))
  }
  const isDue = ({ at, units }: { at: number; units: number }, everyMs: number): boolean =>
    multiplexer.unitsRun > units && performance.now() - at >= everyMs

  const look = async (): Promise<void> => {
    if (isDue(tasks.vacuum, vacuumEveryMs)) await runTask('vacuum')
    const isLogFull =
      multiplexer.unitsRun > tasks.checkpoint.units && (await countSegments(clusterDirectory)) >= logSegments
    if (isLogFull || isDue(tasks.checkpoint, checkpointEveryMs)) await runTask('checkpoint')
  }
  const timer = setInterval(() => {
    if (isBusy) return
    isBusy = true
    void look()
      .catch((error: unknown) => onError('look', error))
      .finally(() => {
        isBusy = false
      })
  }, lookEveryMs)
  timer.unref()
  return () => clearInterval(timer)
}
