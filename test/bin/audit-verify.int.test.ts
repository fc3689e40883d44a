// The command itself, as a process of its own that may import no database and open no socket.
import { execFile } from 'node:child_process'
import { mkdir, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { fileURLToPath, pathToFileURL } from 'node:url'
import { expect } from 'chai'
import { auditEntries, auditKey, auditVerifierKey, checkpointOf, exportOf } from '../support/audit-export.ts'
import { temporaryDirectory } from '../support/temporary-directory.ts'

const root = fileURLToPath(new URL('../..', import.meta.url))
const guard = join(root, 'test/support/offline-only.mjs')
const tsx = pathToFileURL(join(root, 'node_modules/tsx/dist/esm/index.mjs')).href

interface Outcome {
  readonly code: number
  readonly out: string
  readonly err: string
}

describe('audit-verify', () => {
  const directory = temporaryDirectory()
  const entries = auditEntries(5)
  const file = () => join(directory(), 'export.ndjson')

  /** Runs a script without any environment, offline. */
  const runScript = (script: string, args: readonly string[]): Promise<Outcome> =>
    new Promise((resolve) => {
      const command = ['--import', tsx, '--import', guard, script, ...args]
      execFile(process.execPath, command, { cwd: directory(), env: {}, timeout: 60_000 }, (error, out, err) =>
        resolve({ code: typeof error?.code === 'number' ? error.code : error === null ? 0 : -1, out, err }),
      )
    })
  const run = (...args: string[]) => runScript(join(root, 'bin/audit-verify.ts'), args)

  it('[A11] verifies with no database, no network and no environment', async () => {
    const old = join(directory(), 'old.txt')
    await writeFile(file(), exportOf(entries))
    await writeFile(old, checkpointOf(entries, 3))
    const { code, out, err } = await run(file(), '--key', auditVerifierKey, '--checkpoint', old)
    expect(err).to.equal('')
    expect(code).to.equal(0)
    expect(out).to.match(/^Verified: 5 entries of cdsa\.example\/log\.\n/)
    expect(out).to.include(`They continue ${old}, of 3 entries.`)
    expect((await run(file(), '--key', auditKey.publicKey.toString('base64'))).code).to.equal(0)
  }).timeout(60_000)

  it('[A11] would fail if it imported either, or opened a socket', async () => {
    await mkdir(join(directory(), 'bin'))
    const script = join(directory(), 'bin/unexpected.mjs')
    const attempts = [
      `import 'node:http'`,
      `import ${JSON.stringify(join(root, 'db/database.ts'))}`,
      `import ${JSON.stringify(join(root, 'node_modules/pg/lib/index.js'))}`,
      `process.getBuiltinModule('node:net').connect(9)`,
    ]
    for (const attempt of attempts) {
      await writeFile(script, attempt)
      const { code, err } = await runScript(script, [])
      expect(code, attempt).to.equal(1)
      expect(err, attempt).to.include('offline: ')
    }
  }).timeout(60_000)

  it('ends with 1 and names the first bad entry', async () => {
    const edited = exportOf(entries).replace('"request 3"', '"request 4"')
    await writeFile(file(), edited)
    const { code, out, err } = await run(file(), '--key', auditVerifierKey)
    expect([code, out, err]).to.deep.equal([
      1,
      '',
      'Not verified. Entry 3 has a leaf that doesn’t hash to its leafHash.\n',
    ])
  }).timeout(60_000)

  it('ends with 2 when it can’t be run, and says why', async () => {
    await writeFile(file(), exportOf(entries))
    const cases: [string[], RegExp][] = [
      [[], /^Usage: /],
      [[file()], /^Usage: /],
      [[file(), file(), '--key', auditVerifierKey], /^Usage: /],
      [[file(), '--key', 'cdsa.example/log+00000000+AAAA'], /verifier key isn’t of the form/],
      [[file(), '--key', auditVerifierKey, '--checkpoint', 'nowhere.txt'], /^nowhere\.txt can’t be read/],
      [['nowhere.ndjson', '--key', auditVerifierKey], /nowhere\.ndjson/],
      [[file(), '--key', auditVerifierKey, '--dropped-before', 'x'], /takes an index/],
      [[file(), '--wrong'], /--wrong/],
    ]
    for (const [args, message] of cases) {
      const { code, out, err } = await run(...args)
      expect([code, out], args.join(' ')).to.deep.equal([2, ''])
      expect(err)
        .to.match(message)
        .and.not.to.match(/\n {4}at /)
    }
  }).timeout(60_000)
})
