// `npm test`: needs Node alone. Installs the packages when they are missing or out of date, then runs mocha over every
// test, or with `--unit` over those that do no I/O. What else it is given goes to mocha: `npm test -- --spec FILE`.
import { spawn } from 'node:child_process'
import process from 'node:process'
import { fileURLToPath } from 'node:url'
import { installPackages, requireNode } from '../bin/install-packages.mjs'

const root = fileURLToPath(new URL('..', import.meta.url))
const [mode, ...rest] = process.argv.slice(2)
const isUnit = mode === '--unit'
const given = isUnit || mode === undefined ? rest : [mode, ...rest]
// Real processes start in the other tests: their limits only bound what has gone wrong.
const selection = isUnit
  ? ['--ignore', 'test/**/*.{int,flow,replay}.test.ts']
  : ['--require', './test/support/temporal-cli.ts', '--timeout', '60000']
const spec = given.includes('--spec') ? [] : ['--spec', 'test/**/*.test.ts']

requireNode()
await installPackages(root)
const mocha = fileURLToPath(new URL('../node_modules/mocha/bin/mocha.js', import.meta.url))
const child = spawn(process.execPath, [mocha, ...selection, ...spec, ...given], { cwd: root, stdio: 'inherit' })
// A terminal's Ctrl-C reaches mocha by itself: passed on, it would count as a second one.
process.on('SIGINT', () => undefined)
process.on('SIGTERM', () => child.kill('SIGTERM'))
child.once('exit', (code) => process.exit(code ?? 1))
