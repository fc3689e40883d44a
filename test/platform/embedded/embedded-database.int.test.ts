// The life of the database process: it dies, hangs, is left behind and is opened twice, and no acknowledged row is lost.
import { expect } from 'chai'
import { type ChildProcess, spawn } from 'node:child_process'
import { existsSync, statSync, symlinkSync } from 'node:fs'
import { mkdir, mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import { fileURLToPath } from 'node:url'
import { Client } from 'pg'
import {
  type EmbeddedDatabase,
  type EmbeddedDatabaseOptions,
  startEmbeddedDatabase,
} from '../../../platform/embedded/embedded-database.ts'
import { StartError } from '../../../platform/embedded/start-error.ts'
import { captureLog } from '../../support/captured-log.ts'
import { eventually } from '../../support/eventually.ts'
import { isProcessAlive } from '../../support/process-alive.ts'
import { rejection } from '../../support/rejection.ts'

/** One query on a connection of its own. */
async function ask(url: string, sql: string): Promise<Record<string, unknown>[]> {
  const client = new Client({ connectionString: url })
  client.on('error', () => undefined)
  try {
    await client.connect()
    return (await client.query(sql)).rows
  } finally {
    await client.end().catch(() => undefined)
  }
}

describe('embedded database', function () {
  this.timeout(60_000)
  const captured = captureLog()
  let directory: string
  const running: EmbeddedDatabase[] = []
  const holders: ChildProcess[] = []

  const start = async (options: Partial<EmbeddedDatabaseOptions> = {}): Promise<EmbeddedDatabase> => {
    const database = await startEmbeddedDatabase({ directory, log: captured.log, ...options })
    running.push(database)
    return database
  }
  /** A supervisor in another process, which can be killed. */
  const startElsewhere = async (): Promise<{ holder: ChildProcess; pid: number; url: string }> => {
    const script = fileURLToPath(new URL('../../support/run-embedded-postgres.ts', import.meta.url))
    const holder = spawn(process.execPath, ['--import', 'tsx', script, directory], {
      stdio: ['ignore', 'pipe', 'inherit'],
    })
    holders.push(holder)
    for await (const line of createInterface({ input: holder.stdout })) return { holder, ...JSON.parse(line) }
    throw new Error('The supervisor ended without a word.')
  }
  const gone = (pid: number) => eventually(`the end of process ${pid}`, async () => !(await isProcessAlive(pid)))

  beforeEach(async () => {
    directory = await mkdtemp(join(tmpdir(), 'cdsa-db-'))
  })
  afterEach(async () => {
    for (const holder of holders.splice(0)) holder.kill('SIGKILL')
    for (const database of running.splice(0)) await database.stop()
    await rm(directory, { recursive: true, force: true, maxRetries: 10 })
  })

  it('keeps every acknowledged row when its process is killed, and serves again at the same URL', async () => {
    const database = await start()
    await ask(database.ownerUrl, 'create table acknowledged (id int primary key)')
    const acknowledged: number[] = []
    for (let round = 0; round < 3; round += 1) {
      const { pid } = database
      const writer = new Client({ connectionString: database.ownerUrl })
      writer.on('error', () => undefined)
      await writer.connect()
      const write = async (): Promise<void> => {
        for (;;) {
          const id = acknowledged.length + round * 100_000
          await writer.query('insert into acknowledged values ($1)', [id])
          acknowledged.push(id)
        }
      }
      const writing = rejection(write())
      const goal = acknowledged.length + 50
      await eventually('some rows', () => acknowledged.length > goal)
      process.kill(pid, 'SIGKILL')
      await writing
      await eventually('the restart', () =>
        ask(database.ownerUrl, 'select 1').then(
          () => true,
          () => false,
        ),
      )
      expect(database.pid).not.to.equal(pid)
    }
    const found = new Set((await ask(database.ownerUrl, 'select id from acknowledged')).map(({ id }) => id))
    expect(acknowledged.filter((id) => !found.has(id))).to.deep.equal([])
    expect(captured.withMessage('died and will be started again')).not.to.have.length(0)
  })

  it('refuses a second opener, which harms nobody', async () => {
    const database = await start()
    const alias = join(directory, 'alias')
    symlinkSync(directory, alias)
    const error = await rejection(start({ directory: alias }))
    expect(error).to.be.instanceOf(StartError)
    expect(error.message).to.contain(`in use by process ${database.pid}`)
    expect(await ask(database.applicationUrl, 'select 1 as x')).to.deep.equal([{ x: 1 }])
  })

  it('leaves no process, lock or socket when it is stopped, and finds its data again', async () => {
    const first = await start()
    await ask(first.ownerUrl, 'create table kept as select 7 as value')
    await first.stop()
    await first.stop()
    expect(await isProcessAlive(first.pid)).to.equal(false)
    expect(existsSync(join(directory, 'postgres.pid'))).to.equal(false)
    expect(existsSync(join(directory, 'run', '.s.PGSQL.5432'))).to.equal(false)
    const second = await start()
    expect(second.ownerUrl).to.equal(first.ownerUrl)
    expect(await ask(second.ownerUrl, 'select value from kept')).to.deep.equal([{ value: 7 }])
  })

  it('keeps other users out of its directories', async () => {
    await start()
    for (const path of [directory, join(directory, 'run')]) {
      expect(statSync(path).mode & 0o077, path).to.equal(0)
    }
  })

  it('ends its process when its supervisor is killed, so that the next one can start', async () => {
    const { holder, pid, url } = await startElsewhere()
    await ask(url, 'create table kept as select 8 as value')
    holder.kill('SIGKILL')
    await gone(pid)
    const database = await start()
    expect(await ask(database.ownerUrl, 'select value from kept')).to.deep.equal([{ value: 8 }])
  })

  it('kills a process that a dead supervisor left behind and that doesn’t end', async () => {
    const { holder, pid } = await startElsewhere()
    process.kill(pid, 'SIGSTOP')
    holder.kill('SIGKILL')
    await gone(holder.pid!)
    const database = await start({ takeOverMs: 200 })
    expect(await isProcessAlive(pid)).to.equal(false)
    expect(await ask(database.ownerUrl, 'select 1 as x')).to.deep.equal([{ x: 1 }])
  })

  it('leaves a process alone whose supervisor lives', async () => {
    const { pid, url } = await startElsewhere()
    expect((await rejection(start({ takeOverMs: 0 }))).message).to.contain(`in use by process ${pid}`)
    expect(await ask(url, 'select 1 as x')).to.deep.equal([{ x: 1 }])
  })

  it('starts a process again that hangs', async () => {
    const database = await start({ hangMs: 600 })
    const { pid } = database
    process.kill(pid, 'SIGSTOP')
    await gone(pid)
    await eventually('the restart', () =>
      ask(database.ownerUrl, 'select 1').then(
        () => true,
        () => false,
      ),
    )
    expect(captured.withMessage('doesn’t answer and will be killed')).to.have.length(1)
  })

  it('finds a short place for the socket of a deep directory', async () => {
    const deep = join(directory, 'd'.repeat(100))
    await mkdir(deep)
    const database = await start({ directory: deep })
    const place = new URL(database.ownerUrl).searchParams.get('host')!
    try {
      expect(place).to.match(new RegExp(`^${tmpdir()}/cdsa-[0-9a-f]{16}$`))
      expect(statSync(place).mode & 0o077).to.equal(0)
      expect(await ask(database.ownerUrl, 'select 1 as x')).to.deep.equal([{ x: 1 }])
    } finally {
      await database.stop()
      await rm(place, { recursive: true, force: true })
    }
  })

  it('asks for its password where there is no Unix socket', async () => {
    const database = await start({ transport: 'loopback' })
    expect(await ask(database.applicationUrl, 'select 1 as x')).to.deep.equal([{ x: 1 }])
    const wrong = new URL(database.applicationUrl)
    expect(wrong.hostname).to.equal('127.0.0.1')
    wrong.password = 'wrong'
    expect(await rejection(ask(wrong.href, 'select 1'))).to.have.property('code', '28P01')
  })
})
