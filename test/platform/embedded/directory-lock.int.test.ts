// The lock holds against the living, gives way to the dead, and knows a leftover from a database in use.
import { expect } from 'chai'
import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { existsSync } from 'node:fs'
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { awaitDirectory, lockDirectory } from '../../../platform/embedded/directory-lock.ts'
import { identifyProcess, type ProcessIdentity } from '../../../platform/embedded/process-identity.ts'
import { StartError } from '../../../platform/embedded/start-error.ts'
import { isProcessAlive } from '../../support/process-alive.ts'
import { rejection } from '../../support/rejection.ts'

describe('directory lock', () => {
  let directory: string
  let file: string
  let child: ChildProcess
  let living: ProcessIdentity
  const dead: ProcessIdentity = { pid: process.pid, startedAt: 'before this process' }

  beforeEach(async () => {
    directory = await mkdtemp(join(tmpdir(), 'cdsa-lock-'))
    file = join(directory, 'postgres.pid')
    child = spawn(process.execPath, ['-e', 'setInterval(() => {}, 1000)'], { stdio: 'ignore' })
    await once(child, 'spawn')
    living = (await identifyProcess(child.pid!))!
  })
  afterEach(async () => {
    child.kill('SIGKILL')
    await rm(directory, { recursive: true, force: true, maxRetries: 10 })
  })
  const write = (holder: ProcessIdentity, parent?: ProcessIdentity) =>
    writeFile(file, JSON.stringify({ holder, parent }))

  it('is had by one at a time, and again after it was given back', async () => {
    const unlock = await lockDirectory(file, undefined)
    expect(await rejection(lockDirectory(file, undefined))).to.be.instanceOf(StartError)
    await unlock()
    expect(existsSync(file)).to.equal(false)
    await (await lockDirectory(file, undefined))()
  })

  it('is had by one of many who take over from a dead holder', async () => {
    await write(dead)
    const results = await Promise.allSettled(Array.from({ length: 8 }, () => lockDirectory(file, undefined)))
    expect(results.filter(({ status }) => status === 'fulfilled')).to.have.length(1)
  })

  it('holds against a living process', async () => {
    await write(living)
    expect((await rejection(lockDirectory(file, undefined))).message).to.contain(`process ${living.pid}`)
  })

  it('gives way when the holder’s pid belongs to another process now', async () => {
    await write({ pid: living.pid, startedAt: 'earlier' })
    await lockDirectory(file, undefined)
    expect(JSON.parse(await readFile(file, 'utf8')).holder.pid).to.equal(process.pid)
  })

  it('gives way when a crash left the file unwritten', async () => {
    await writeFile(file, '')
    await lockDirectory(file, undefined)
  })

  it('isn’t taken away from its next holder by the one who gives it back late', async () => {
    const unlock = await lockDirectory(file, undefined)
    await write(living)
    await unlock()
    expect(existsSync(file)).to.equal(true)
  })

  describe('awaited', () => {
    it('is free without a file, and with a dead holder', async () => {
      await awaitDirectory(file, 0)
      await write(dead, living)
      await awaitDirectory(file, 0)
    })

    it('is in use while the holder’s parent lives', async () => {
      await write(living, await identifyProcess(process.pid))
      expect(await rejection(awaitDirectory(file, 0))).to.be.instanceOf(StartError)
      expect(await isProcessAlive(living.pid)).to.equal(true)
    })

    it('is free once a leftover holder has ended by itself', async () => {
      await write(living, dead)
      const free = awaitDirectory(file, 20_000)
      child.kill('SIGTERM')
      await free
    })

    it('is freed from a leftover holder that doesn’t end', async () => {
      await write(living, dead)
      await awaitDirectory(file, 0)
      expect(await isProcessAlive(living.pid)).to.equal(false)
    })
  })
})
