// A process is told from another one that got its pid later.
import { expect } from 'chai'
import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { identifyProcess, isAlive } from '../../../platform/embedded/process-identity.ts'

describe('process identity', () => {
  let child: ChildProcess
  beforeEach(async () => {
    child = spawn(process.execPath, ['-e', 'setInterval(() => {}, 1000)'], { stdio: 'ignore' })
    await once(child, 'spawn')
  })
  afterEach(() => void child.kill('SIGKILL'))

  it('stays the same while the process lives', async () => {
    const identity = await identifyProcess(child.pid!)
    expect(identity).to.deep.equal(await identifyProcess(child.pid!))
    expect(identity?.startedAt).not.to.equal('')
    expect(await isAlive(identity!)).to.equal(true)
  })

  it('ends with the process', async () => {
    const identity = await identifyProcess(child.pid!)
    child.kill('SIGKILL')
    await once(child, 'exit')
    expect(await identifyProcess(child.pid!)).to.equal(undefined)
    expect(await isAlive(identity!)).to.equal(false)
  })

  it('isn’t shared with a process that has the same pid and another start', async () => {
    expect(await isAlive({ pid: child.pid!, startedAt: 'earlier' })).to.equal(false)
  })
})
