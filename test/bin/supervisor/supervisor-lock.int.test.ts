// One supervisor per data directory, with real files and real processes as holders.
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdtemp, readdir, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { expect } from 'chai'
import { writeRunFile } from '../../../bin/supervisor/run-file.ts'
import { acquireSupervisorLock } from '../../../bin/supervisor/supervisor-lock.ts'
import { identifyProcess } from '../../../platform/embedded/process-identity.ts'
import { StartError } from '../../../platform/embedded/start-error.ts'
import { rejection } from '../../support/rejection.ts'

describe('acquireSupervisorLock', () => {
  let dataDir: string

  beforeEach(async () => {
    dataDir = await mkdtemp(join(tmpdir(), 'cdsa-lock-'))
  })
  afterEach(() => rm(dataDir, { recursive: true, force: true }))

  const hold = (holder: unknown): Promise<void> =>
    writeFile(join(dataDir, 'supervisor.lock'), typeof holder === 'string' ? holder : JSON.stringify(holder))

  it('refuses while another supervisor lives, and names its process and address', async () => {
    await acquireSupervisorLock(dataDir)
    const processes = { supervisor: process.pid, api: null, worker: null, database: null, temporal: null }
    writeRunFile(dataDir, { apiUrl: 'http://127.0.0.1:3999', temporalUiUrl: null, temporalAddress: 'x:1', processes })
    const error = await rejection(acquireSupervisorLock(dataDir))
    expect(error).to.be.instanceOf(StartError)
    expect(error.message).to.contain(`${process.pid}`).and.contain('http://127.0.0.1:3999').and.contain('CDSA_DATA_DIR')
  })

  it('is free again after its release', async () => {
    const lock = await acquireSupervisorLock(dataDir)
    lock.release()
    await acquireSupervisorLock(dataDir)
  })

  it('takes over from a dead holder', async () => {
    const child = spawn('sleep', ['600'], { stdio: 'ignore' })
    await hold(await identifyProcess(child.pid ?? 0))
    child.kill('SIGKILL')
    await once(child, 'exit')
    await acquireSupervisorLock(dataDir)
    expect(await readdir(dataDir)).to.deep.equal(['supervisor.lock'])
  })

  it('takes over from a holder whose pid belongs to another process by now', async () => {
    const self = await identifyProcess(process.pid)
    await hold({ ...self, startedAt: 'earlier' })
    await acquireSupervisorLock(dataDir)
  })

  it('takes over what is no lock', async () => {
    await hold('{"pid":')
    await acquireSupervisorLock(dataDir)
  })

  it('lets one of many win that start at the same moment over a dead holder', async () => {
    await hold({ pid: 4_194_304, startedAt: 'never' })
    const attempts = await Promise.allSettled(Array.from({ length: 8 }, () => acquireSupervisorLock(dataDir)))
    expect(attempts.filter((attempt) => attempt.status === 'fulfilled')).to.have.length(1)
  })
})
