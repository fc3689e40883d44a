// How long `npm start` takes until it serves, on a new data directory and on one that it has used before, beside the
// least that its biggest part takes: the Temporal server alone, and a Node that does nothing.
import { execFile } from 'node:child_process'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { resolveTemporalCli } from '../platform/embedded/temporal-cli.ts'
import { startTemporalServer } from '../platform/embedded/temporal-server.ts'
import { createLogger } from '../platform/logger.ts'
import { startPlatformProcess } from '../test/support/platform-process.ts'
import { plainEnvironment } from './bench-platform.ts'
import type { Benchmark } from './benchmark.ts'
import { interleave } from './interleave.ts'

const rounds = 4
const warmStartAimSeconds = 12

async function withDirectory<T>(work: (directory: string) => Promise<T>): Promise<T> {
  const directory = await mkdtemp(join(tmpdir(), 'cdsa-bench-'))
  try {
    return await work(directory)
  } finally {
    await rm(directory, { recursive: true, force: true, maxRetries: 10 })
  }
}

/** Seconds from the command to its `run.json`. */
async function timedStart(dataDir: string): Promise<number> {
  const started = performance.now()
  const platform = await startPlatformProcess({ dataDir, env: plainEnvironment })
  const seconds = (performance.now() - started) / 1_000
  await platform.stop()
  return seconds
}

/** Seconds until it answers, on a directory that it has used before. */
async function timedParts(cliPath: string, dataDir: string): Promise<number> {
  const started = performance.now()
  await promisify(execFile)(process.execPath, ['--eval', '0'])
  const log = createLogger({ level: 'silent' })
  const server = await startTemporalServer({ cliPath, dataDir, uiPort: 0, log })
  const seconds = (performance.now() - started) / 1_000
  await server.stop()
  return seconds
}

export const start: Benchmark = {
  name: 'start',
  run: async ({ times, progress }) => {
    const cliPath = await resolveTemporalCli({ cliPath: undefined, environment: process.env, progress })
    return withDirectory((dataDir) =>
      withDirectory(async (serverDir) => {
        const taken = await interleave(
          {
            cold: async () => [await withDirectory(timedStart)],
            warm: async () => [await timedStart(dataDir)],
            parts: async () => [await timedParts(cliPath, serverDir)],
          },
          { rounds: times(rounds), warmUp: 1 },
        )
        const baseline = { name: 'Temporal server and a bare Node', unit: 's' as const, samples: taken.parts }
        const measured = (name: string, samples: readonly number[]) => ({ name, unit: 's' as const, samples })
        return [
          { measured: measured('npm start to ready, new data directory', taken.cold), baseline },
          {
            measured: measured('npm start to ready, later starts', taken.warm),
            baseline,
            aim: { of: 'p50', limit: warmStartAimSeconds },
          },
        ]
      }),
    )
  },
}
