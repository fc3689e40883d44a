// `npm run bench`: measures, each figure beside a baseline in the same run, because machines differ and one machine
// differs from hour to hour. `npm run bench -- [--scale FACTOR] [--json FILE] [NAME …]`; without a name all of them.
import { writeFile } from 'node:fs/promises'
import { availableParallelism, cpus } from 'node:os'
import { parseArgs } from 'node:util'
import { audit } from './audit.ts'
import type { Benchmark, BenchmarkContext, Row } from './benchmark.ts'
import { ingestion } from './ingestion.ts'
import { memory } from './memory.ts'
import { readers } from './readers.ts'
import { search } from './search.ts'
import { signIn } from './sign-in.ts'
import { start } from './start.ts'
import { formatTable } from './table.ts'
import { tools } from './tools.ts'
import { turns, turnsOnServices } from './turns.ts'
import { vault } from './vault.ts'

const benchmarks: readonly Benchmark[] = [
  start,
  turns,
  turnsOnServices,
  tools,
  memory,
  ingestion,
  search,
  readers,
  signIn,
  audit,
  vault,
]

interface Options {
  readonly chosen: readonly Benchmark[]
  readonly scale: number
  readonly json: string | undefined
}

/** Throws, saying what there is, for a name or a number that is none. */
function readOptions(): Options {
  const { values, positionals } = parseArgs({
    allowPositionals: true,
    options: { scale: { type: 'string', default: '1' }, json: { type: 'string' } },
  })
  const names = benchmarks.map(({ name }) => name)
  const unknown = positionals.filter((name) => !names.includes(name))
  if (unknown.length > 0) throw new Error(`There is no ${unknown.join(', ')}; there are ${names.join(', ')}.`)
  const scale = Number(values.scale)
  if (!(scale > 0)) throw new Error('--scale takes a number above 0: 0.1 measures a tenth as often.')
  const chosen = benchmarks.filter(({ name }) => positionals.length === 0 || positionals.includes(name))
  return { chosen, scale, json: values.json }
}

const note = (line: string): void => void process.stderr.write(`${line}\n`)
const reason = (error: unknown): string => (error instanceof Error ? (error.stack ?? error.message) : String(error))

/** Undefined when it failed; why was said on stderr. What it started has ended when this resolves. */
async function runOne(benchmark: Benchmark, scale: number): Promise<readonly Row[] | undefined> {
  const closers: (() => Promise<unknown> | void)[] = []
  const started = performance.now()
  const progress = (line: string): void =>
    note(`${benchmark.name}: ${line} (${((performance.now() - started) / 1_000).toFixed(0)} s)`)
  const context: BenchmarkContext = {
    times: (count) => Math.max(1, Math.round(count * scale)),
    defer: (close) => void closers.push(close),
    progress,
  }
  try {
    return await benchmark.run(context)
  } catch (error) {
    note(`${benchmark.name} failed: ${reason(error)}`)
    return undefined
  } finally {
    for (const close of closers.toReversed()) {
      await Promise.resolve()
        .then(close)
        .catch((error: unknown) => note(`${benchmark.name} didn’t end cleanly: ${reason(error)}`))
    }
    progress('done')
  }
}

const machine = (): string =>
  `${availableParallelism()} × ${cpus()[0]?.model.trim() ?? 'unknown processor'}, Node ${process.versions.node}, ${new Date().toISOString().slice(0, 10)}`

/** A microsecond is finer than anything measured here. */
const rounded = (_: string, value: unknown): unknown =>
  typeof value === 'number' ? Math.round(value * 1_000) / 1_000 : value

async function runBench({ chosen, scale, json }: Options): Promise<void> {
  const results: { readonly benchmark: string; readonly rows: readonly Row[] }[] = []
  for (const benchmark of chosen) {
    const rows = await runOne(benchmark, scale)
    if (rows === undefined) process.exitCode = 1
    else results.push({ benchmark: benchmark.name, rows })
  }
  if (json !== undefined) await writeFile(json, `${JSON.stringify({ machine: machine(), scale, results }, rounded)}\n`)
  process.stdout.write(`\n${machine()}\n\n${formatTable(results.flatMap(({ rows }) => rows))}\n`)
}

try {
  await runBench(readOptions())
} catch (error) {
  note(error instanceof Error ? error.message : String(error))
  process.exitCode = 1
}
