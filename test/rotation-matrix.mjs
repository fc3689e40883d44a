// `npm run test:rotation-matrix`: a fault before and after each effect of a rotation, for every kind of fault and each
// rotator with a real target, and one table of how each rotation ended. A cell says so only once the invariant held all the
// while, the old value was refused where the rotation completed, and the next rotation has worked.
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import process from 'node:process'
import { fileURLToPath } from 'node:url'

const run = fileURLToPath(new URL('run.mjs', import.meta.url))
const spec = 'test/flows/rotation-matrix.flow.test.ts'
const directory = await mkdtemp(join(tmpdir(), 'cdsa-rotation-report-'))
const report = join(directory, 'report.jsonl')
await writeFile(report, '')

const env = { ...process.env, ROTATION_MATRIX: 'whole', ROTATION_REPORT: report }
const child = spawn(process.execPath, [run, '--services', '--spec', spec, ...process.argv.slice(2)], {
  env,
  stdio: 'inherit',
})
const [code] = await once(child, 'exit')
const cells = (await readFile(report, 'utf8'))
  .split('\n')
  .filter((text) => text !== '')
  .map((text) => JSON.parse(text))
await rm(directory, { recursive: true, force: true })

const unique = (name) => [...new Set(cells.map((cell) => cell[name]))]
const points = unique('point')

function printTable(target) {
  const ofTarget = cells.filter((cell) => cell.target === target)
  const outcome = (fault, point) =>
    ofTarget.find((cell) => cell.fault === fault && cell.point === point)?.outcome ?? '–'
  const rows = [...new Set(ofTarget.map(({ fault }) => fault))].map((fault) => [
    fault,
    ...points.map((point) => outcome(fault, point)),
  ])
  const table = [[target, ...points], ...rows]
  const widths = table[0].map((_, column) => Math.max(...table.map((row) => row[column].length)))
  const line = (row) => `| ${row.map((text, column) => text.padEnd(widths[column])).join(' | ')} |\n`
  const [head, ...body] = table
  process.stdout.write(`\n${line(head)}${line(widths.map((width) => '-'.repeat(width)))}${body.map(line).join('')}`)
}

for (const target of unique('target')) printTable(target)
const broken = cells.filter(({ outcome }) => outcome === 'BROKEN').length
process.stdout.write(`\n${cells.length} cells, ${broken} broken\n`)
if (code !== 0 || broken > 0 || cells.length === 0) process.exitCode = 1
