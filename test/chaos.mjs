// `npm run test:chaos`: the tests that kill real processes, with twenty kills a check instead of three, on the embedded
// platform and then on real services (`-- --embedded` or `-- --services`: on one of them), and one table of what came of
// it. CHAOS_KILLS and CHAOS_SEED may be set; the seed is printed, and gives the same kill points again.
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import process from 'node:process'
import { fileURLToPath } from 'node:url'

const kills = process.env.CHAOS_KILLS ?? '20'
const seed = process.env.CHAOS_SEED ?? String(Math.floor(Math.random() * 2 ** 31))
const asked = process.argv.slice(2)
const platforms = ['--embedded', '--services'].filter((name) => asked.length === 0 || asked.includes(name))
const run = fileURLToPath(new URL('run.mjs', import.meta.url))
const specs = ['durability', 'rewrap-keys', 'audit-kills', 'rotation-kills'].map(
  (name) => `test/flows/${name}.flow.test.ts`,
)

/** Column names by the report's own. */
const columns = {
  check: 'check',
  platform: 'platform',
  kills: 'kills',
  turns: 'turns',
  tokensLost: 'tokens lost',
  tokensDuplicated: 'duplicated',
  outOfOrder: 'out of order',
  messagesLost: 'messages lost',
  messagesDuplicated: 'duplicated',
}
const countNames = Object.keys(columns).slice(4)

async function runOn(platform, report) {
  const mode = platform === '--services' ? ['--services'] : []
  const env = { ...process.env, CHAOS_KILLS: kills, CHAOS_SEED: seed, CHAOS_REPORT: report }
  const child = spawn(process.execPath, [run, ...mode, ...specs.flatMap((spec) => ['--spec', spec])], {
    env,
    stdio: 'inherit',
  })
  const [code] = await once(child, 'exit')
  return code === 0
}

function printTable(rows) {
  const table = [Object.values(columns), ...rows.map((row) => Object.keys(columns).map((name) => String(row[name])))]
  const widths = table[0].map((_, column) => Math.max(...table.map((cells) => cells[column].length)))
  const line = (cells) => `| ${cells.map((cell, column) => cell.padEnd(widths[column])).join(' | ')} |\n`
  const [head, ...body] = table
  process.stdout.write(line(head) + line(widths.map((width) => '-'.repeat(width))) + body.map(line).join(''))
}

const directory = await mkdtemp(join(tmpdir(), 'cdsa-chaos-report-'))
const report = join(directory, 'report.jsonl')
await writeFile(report, '')
const started = performance.now()
process.stdout.write(`CHAOS_SEED=${seed} CHAOS_KILLS=${kills}\n`)
let passed = true
for (const platform of platforms) passed = (await runOn(platform, report)) && passed
const rows = (await readFile(report, 'utf8'))
  .split('\n')
  .filter((text) => text !== '')
  .map((text) => JSON.parse(text))
await rm(directory, { recursive: true, force: true })
process.stdout.write(`\nCHAOS_SEED=${seed}, ${Math.round((performance.now() - started) / 1_000)} s\n`)
process.stdout.write(
  'D6 counts documents as turns, chunks as tokens, and vectors as messages; V13 rewraps as turns, values as tokens; D7 rotation counts rotations.\n',
)
printTable(rows)
const clean = rows.length > 0 && rows.every((row) => countNames.every((name) => row[name] === 0))
if (!passed || !clean) process.exitCode = 1
