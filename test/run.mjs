// `npm test`: needs Node alone. Installs the packages when they are missing or out of date, then runs mocha over every
// test; with `--unit` over those that do no I/O, with `--integration` over all but the flows, with `--services` over
// those that can run on real services. What else it is given goes to mocha: `npm test -- --spec FILE`.
import { spawn } from 'node:child_process'
import process from 'node:process'
import { fileURLToPath } from 'node:url'
import { installPackages, requireNode } from '../bin/install-packages.mjs'

const root = fileURLToPath(new URL('..', import.meta.url))
// Real processes start in the tests that do I/O: their limits only bound what has gone wrong.
const withTemporal = ['--require', './test/support/temporal-cli.ts', '--timeout', '60000']
const selections = {
  '--unit': ['--ignore', 'test/**/*.{int,flow,replay}.test.ts', '--spec', 'test/**/*.test.ts'],
  // What uses no service has nothing to show on one.
  '--services': [
    ...withTemporal,
    '--require=./test/support/services.ts',
    '--ignore=test/{bin,deploy,workflows,platform/{blobs,embedded,llm,mail,oidc,parsing,temporal}}/**',
    '--spec',
    'test/**/*.{int,flow}.test.ts',
  ],
  '--integration': [...withTemporal, '--ignore=test/**/*.flow.test.ts', '--spec', 'test/**/*.test.ts'],
  '--all': [...withTemporal, '--spec', 'test/**/*.test.ts'],
}
const [first, ...others] = process.argv.slice(2)
const [mode, given] = first in selections ? [first, others] : ['--all', process.argv.slice(2)]
// A named file takes the place of the mode's own.
const selection = given.includes('--spec') ? selections[mode].slice(0, -2) : selections[mode]

requireNode()
await installPackages(root)
const mocha = fileURLToPath(new URL('../node_modules/mocha/bin/mocha.js', import.meta.url))
const child = spawn(process.execPath, [mocha, ...selection, ...given], { cwd: root, stdio: 'inherit' })
// A terminal's Ctrl-C reaches mocha by itself: passed on, it would count as a second one.
process.on('SIGINT', () => undefined)
process.on('SIGTERM', () => child.kill('SIGTERM'))
child.once('exit', (code) => process.exit(code ?? 1))
