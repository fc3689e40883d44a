// The floors hold because the linter says so: each boundary is broken once, on a copy of its rules, and must be refused.
import { execFile } from 'node:child_process'
import { cp, mkdir, mkdtemp, readdir, readFile, rm, symlink, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { promisify } from 'node:util'
import { expect } from 'chai'

const root = fileURLToPath(new URL('..', import.meta.url))
const run = promisify(execFile)

/** Importing file → what it imports. */
const forbidden: readonly (readonly [file: string, specifier: string])[] = [
  ['domain/chat/a.ts', '../../db/b.ts'],
  ['domain/chat/a.ts', 'node:fs'],
  ['domain/chat/a.ts', 'express'],
  ['db/chat/a.ts', '../../platform/b.ts'],
  ['db/chat/a.ts', '@temporalio/client'],
  ['platform/llm/a.ts', '../../activities/b.ts'],
  ['platform/llm/a.ts', '../../api/b.ts'],
  ['platform/llm/a.ts', 'sequelize'],
  ['activities/chat/a.ts', '../../workflows/b.ts'],
  ['activities/chat/a.ts', '../../api/b.ts'],
  ['activities/chat/a.ts', 'sequelize'],
  ['workflows/chat/a.ts', '../../db/b.ts'],
  ['workflows/chat/a.ts', '../../platform/b.ts'],
  ['workflows/chat/a.ts', '../../activities/b.ts'],
  ['workflows/chat/a.ts', 'node:crypto'],
  ['workflows/chat/a.ts', 'zod'],
  ['api/chat/a.ts', '../../activities/b.ts'],
  ['api/chat/a.ts', '../../workflows/b.ts'],
  ['api/chat/a.ts', '../../workers/b.ts'],
  ['api/chat/a.ts', '@temporalio/worker'],
  ['workers/a.ts', '../api/b.ts'],
  ['workers/a.ts', '../bin/b.ts'],
  // These may open connections; their floors hold all the same.
  ['platform/egress/a.ts', '../../api/b.ts'],
  ['platform/embedded/a.ts', 'sequelize'],
]

const allowed: readonly (readonly [file: string, specifier: string])[] = [
  ['domain/chat/a.ts', 'zod'],
  ['db/chat/a.ts', '../../domain/b.ts'],
  ['platform/llm/a.ts', '../../db/b.ts'],
  ['activities/chat/a.ts', '../../platform/b.ts'],
  ['workflows/chat/a.ts', '../../domain/b.ts'],
  ['api/chat/a.ts', '../../workflows/chat/messages.ts'],
  ['workers/a.ts', '../activities/b.ts'],
  ['platform/egress/a.ts', 'node:net'],
  ['platform/embedded/a.ts', 'node:net'],
  ['test/a.ts', 'node:http'],
  ['bench/a.ts', 'node:http'],
]

/** What opens connections; only platform/egress may, to a host that somebody else names. */
const connecting = ['net', 'tls', 'http', 'https', 'http2', 'dgram', 'dns'].flatMap((name) => [name, `node:${name}`])
const connectingFolders = ['db/vault', 'platform/llm', 'activities/tools', 'api/tools', 'workers', 'bin']
const connectingGlobals = ['fetch', 'WebSocket', 'EventSource']

describe('the layers', function () {
  this.timeout(120_000)
  let directory: string

  beforeEach(async () => {
    directory = await mkdtemp(join(tmpdir(), 'cdsa-layers-'))
    for (const file of ['.oxlintrc.json', 'tsconfig.json', 'package.json'])
      await cp(join(root, file), join(directory, file))
    await symlink(join(root, 'node_modules'), join(directory, 'node_modules'))
  })
  afterEach(() => rm(directory, { recursive: true, force: true }))

  async function write(file: string, text: string): Promise<void> {
    await mkdir(dirname(join(directory, file)), { recursive: true })
    await writeFile(join(directory, file), text)
  }

  async function lint(): Promise<string> {
    const oxlint = join(root, 'node_modules', '.bin', 'oxlint')
    return run(oxlint, ['--format', 'unix', '--disable-nested-config'], { cwd: directory }).then(
      ({ stdout }) => stdout,
      (error: { stdout: string }) => error.stdout,
    )
  }

  const importOf = (specifier: string, name: string): string =>
    `import { x as ${name} } from '${specifier}'\nexport const y${name} = ${name}\n`

  it('refuse every import that goes up, and every library on the wrong floor', async () => {
    for (const [index, [file, specifier]] of forbidden.entries()) {
      await write(file.replace('a.ts', `a${index}.ts`), importOf(specifier, `v${index}`))
    }
    const lines = (await lint()).split('\n').filter((line) => line.includes('no-restricted-imports'))
    for (const [index, [file, specifier]] of forbidden.entries()) {
      const name = file.replace('a.ts', `a${index}.ts`)
      expect(
        lines.some((line) => line.includes(name)),
        `${file} imports ${specifier}`,
      ).to.equal(true)
    }
  })

  it('let through what goes down', async () => {
    for (const [index, [file, specifier]] of allowed.entries()) {
      await write(file.replace('a.ts', `a${index}.ts`), importOf(specifier, `v${index}`))
    }
    expect(await lint()).not.to.include('no-restricted-imports')
  })

  it('refuse every way to a connection beside platform/egress', async () => {
    const files = new Map<string, string>()
    for (const folder of connectingFolders) {
      for (const [index, specifier] of [...connecting, 'undici', 'node:dns/promises'].entries()) {
        files.set(`${folder}/import${index}.ts`, importOf(specifier, `v${index}`))
      }
      for (const name of connectingGlobals) {
        files.set(`${folder}/${name}.ts`, `export const x = ${name}\n`)
        files.set(`${folder}/global-${name}.ts`, `export const x = globalThis.${name}\n`)
      }
      files.set(`${folder}/type.ts`, "import type { Socket } from 'node:net'\nexport type X = Socket\n")
    }
    for (const [file, text] of files) await write(file, text)
    const lines = (await lint()).split('\n').filter((line) => /no-restricted-(imports|globals|properties)/.test(line))
    for (const file of files.keys()) {
      const isRefused = lines.some((line) => line.includes(file))
      expect(isRefused, file).to.equal(!file.endsWith('/type.ts'))
    }
  })

  it('are kept by what is loaded later: only platform/egress does so with a module that connects', async () => {
    const folders = ['domain', 'db', 'platform', 'activities', 'workflows', 'api', 'workers', 'bin']
    const modules = new RegExp(
      `(?:import|require)\\(\\s*['"](?:${[...connecting, 'undici'].join('|')})(?:/[^'"]*)?['"]`,
    )
    const found: string[] = []
    for (const folder of folders) {
      for (const file of await readdir(join(root, folder), { recursive: true })) {
        if (!/\.(ts|mjs)$/.test(file)) continue
        if (modules.test(await readFile(join(root, folder, file), 'utf8'))) found.push(`${folder}/${file}`)
      }
    }
    expect(found).to.deep.equal(['platform/egress/http-exchange.ts'])
  })

  it('refuse a cycle, and an environment variable outside the configuration', async () => {
    await write('db/one.ts', "import { two } from './two.ts'\nexport const one = () => two\n")
    await write('db/two.ts', "import { one } from './one.ts'\nexport const two = () => one\n")
    await write('platform/reads.ts', "export const home = process.env['HOME']\n")
    const output = await lint()
    expect(output).to.match(/db\/one\.ts.*no-cycle|no-cycle.*db\/one\.ts/)
    expect(output).to.match(/platform\/reads\.ts.*no-process-env/)
  })
})
