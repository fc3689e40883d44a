// What the Dockerfile does, without an engine: the files that .dockerignore lets through are compiled and bundled, and run
// as JavaScript with the packages of production alone, in a folder that nothing is written to.
import { type ChildProcess, execFile, spawn } from 'node:child_process'
import { once } from 'node:events'
import { cp, mkdir, mkdtemp, readFile, readdir, rename, rm, symlink } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { promisify } from 'node:util'
import { expect } from 'chai'
import { type EmbeddedDatabase, startEmbeddedDatabase } from '../../platform/embedded/embedded-database.ts'
import { type TemporalServer, startTemporalServer } from '../../platform/embedded/temporal-server.ts'
import { signUp } from '../support/api-client.ts'
import { captureLog } from '../support/captured-log.ts'
import { makeHandbookPdf } from '../support/documents.ts'
import { followDocumentToEnd, followToEnd } from '../support/follow.ts'
import { type TestRedis, startRedisOrSkip } from '../support/redis.ts'
import { testTemporalCli } from '../support/temporal-cli.ts'

const run = promisify(execFile)
const root = fileURLToPath(new URL('../..', import.meta.url))

/** Copies what reaches the builder, builds it as the build stage does, and swaps in the packages of production. */
async function buildImageFolder(folder: string): Promise<void> {
  const ignore = await readFile(join(root, '.dockerignore'), 'utf8')
  const named = ignore.split('\n').flatMap((line) => (line.startsWith('!') ? [line.slice(1)] : []))
  const sources = join(folder, 'sources')
  const app = join(folder, 'app')
  await mkdir(app, { recursive: true })
  for (const name of named) await cp(join(root, name), join(sources, name), { recursive: true })
  await symlink(join(root, 'node_modules'), join(sources, 'node_modules'))
  await run('npm', ['run', 'build'], { cwd: sources })
  await rename(join(sources, 'dist'), join(app, 'dist'))
  for (const name of ['package.json', 'package-lock.json', '.npmrc']) await cp(join(root, name), join(app, name))
  await run('npm', ['ci', '--omit=dev', '--prefer-offline', '--no-audit', '--no-fund'], { cwd: app })
}

describe('the image’s content', function () {
  this.timeout(300_000)
  let directory: string
  const processes: ChildProcess[] = []
  let database: EmbeddedDatabase | undefined
  let temporal: TemporalServer | undefined
  let redis: TestRedis | undefined
  let environment: Readonly<Record<string, string>>
  let app: string

  const start = (script: string, args: readonly string[], env: Readonly<Record<string, string>>) => {
    const child = spawn(process.execPath, ['--enable-source-maps', join(app, 'dist', 'bin', script), ...args], {
      cwd: directory,
      env: { PATH: process.env['PATH'], ...environment, ...env },
      stdio: ['ignore', 'pipe', 'pipe', 'ipc'],
    })
    let output = ''
    child.stdout?.on('data', (chunk: Buffer) => (output += chunk.toString('utf8')))
    child.stderr?.on('data', (chunk: Buffer) => (output += chunk.toString('utf8')))
    processes.push(child)
    return { child, output: () => output }
  }
  /** Resolves to what the process says when it serves. */
  const untilReady = async (started: ReturnType<typeof start>): Promise<{ readonly apiUrl?: string }> => {
    const ready = once(started.child, 'message').then(([message]) => message as { readonly apiUrl?: string })
    const ended = once(started.child, 'exit').then(([code]) => {
      throw new Error(`It ended with ${String(code)}: ${started.output()}`)
    })
    return await Promise.race([ready, ended])
  }

  before(async function () {
    redis = await startRedisOrSkip(this)
    directory = await mkdtemp(join(tmpdir(), 'cdsa-image-'))
    const { log } = captureLog()
    database = await startEmbeddedDatabase({ directory: join(directory, 'database'), log })
    const cliPath = await testTemporalCli()
    temporal = await startTemporalServer({ cliPath, dataDir: directory, uiPort: 0, log })
    app = join(directory, 'app')
    await buildImageFolder(directory)
    environment = {
      NODE_ENV: 'production',
      LOG_LEVEL: 'warn',
      CDSA_BCRYPT_COST: '4',
      CDSA_DATA_DIR: join(directory, 'data'),
      CDSA_PLATFORM_KEY: Buffer.alloc(32, 7).toString('base64'),
      DATABASE_URL: database.applicationUrl,
      TEMPORAL_ADDRESS: temporal.address,
      REDIS_URL: redis?.url ?? '',
    }
  })
  after(async () => {
    for (const child of processes) {
      if (child.exitCode !== null || child.signalCode !== null) continue
      child.kill('SIGTERM')
      await once(child, 'exit')
    }
    await Promise.all([temporal?.stop(), database?.stop(), redis?.stop()])
    await rm(directory, { recursive: true, force: true, maxRetries: 10 })
  })

  it('migrates, serves, reads a PDF and answers a turn', async () => {
    const owner = { DATABASE_OWNER_URL: database?.ownerUrl ?? '' }
    const migration = start('migrate.js', [], owner)
    const [code] = (await once(migration.child, 'exit')) as [number | null]
    expect(code, migration.output()).to.equal(0)

    const packages = await readdir(join(app, 'node_modules'))
    expect(packages.filter((name) => ['typescript', 'mocha', 'yaml'].includes(name))).to.deep.equal([])
    const api = start('api.js', [], { PORT: '0' })
    const worker = start('worker.js', ['--queues', 'llm'], {})
    const documents = start('worker.js', ['--queues', 'documents'], {})
    const [{ apiUrl = '' }] = await Promise.all([untilReady(api), untilReady(worker), untilReady(documents)])
    const ready = await fetch(`${apiUrl}/readyz`)
    expect(ready.status).to.equal(200)
    expect((await fetch(`${apiUrl}/docs`)).status).to.equal(200)
    expect((await fetch(`${apiUrl}/openapi.json`)).status).to.equal(200)

    const client = await signUp(apiUrl)
    const uploaded = await client.upload({ filename: 'handbook.pdf', bytes: await makeHandbookPdf() })
    const documentId = uploaded.body['document'].id
    expect((await followDocumentToEnd(client, documentId)).event).to.equal('document.indexed')
    const chatId = (await client.post('/chats', { documentIds: [documentId] })).body['chat'].id
    const turn = await client.post(`/chats/${chatId}/turns`, { content: 'Who founded the Trust?' })
    expect((await followToEnd(client, turn.body['eventsUrl'])).at(-1)?.event).to.equal('turn.completed')

    // A read-only root: the workers used the bundle of the build.
    expect(await readdir(join(app, 'dist'))).to.include('workflow-bundle.js')
    expect(await readdir(join(app, 'node_modules'))).to.not.include('.cache')
    for (const { child, output } of [api, worker, documents]) {
      child.kill('SIGTERM')
      const [exitCode] = (await once(child, 'exit')) as [number | null]
      expect(exitCode, output()).to.equal(0)
    }
  })
})
