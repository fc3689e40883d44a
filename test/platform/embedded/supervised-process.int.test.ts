// Supervision of real child processes: small Node scripts that say over their channel when they are ready.
import { fork } from 'node:child_process'
import { on } from 'node:events'
import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { expect } from 'chai'
import { StartError } from '../../../platform/embedded/start-error.ts'
import { superviseProcess, type SupervisedProcessOptions } from '../../../platform/embedded/supervised-process.ts'
import { captureLog } from '../../support/captured-log.ts'
import { eventually } from '../../support/eventually.ts'
import { isProcessAlive } from '../../support/process-alive.ts'
import { rejection } from '../../support/rejection.ts'

const ready = `process.send('ready'); setInterval(() => {}, 1000);`
const scripts = {
  obedient: ready,
  stubborn: `process.on('SIGTERM', () => {}); ${ready}`,
  broken: `process.exit(3)`,
  silent: `setInterval(() => {}, 1000)`,
  parent: `const child = require('node:child_process').spawn('sleep', ['600']); process.send(child.pid); ${ready}`,
} as const

describe('superviseProcess', () => {
  let directory: string
  let messages: unknown[]
  let spawned: number[]
  let dead: number[]
  const captured = captureLog()

  before(async () => {
    directory = await mkdtemp(join(tmpdir(), 'cdsa-supervised-'))
    for (const [name, code] of Object.entries(scripts)) await writeFile(join(directory, `${name}.cjs`), code)
  })
  after(() => rm(directory, { recursive: true, force: true, maxRetries: 10 }))
  beforeEach(() => {
    messages = []
    spawned = []
    dead = []
  })

  const optionsFor = (script: keyof typeof scripts): SupervisedProcessOptions => ({
    name: script,
    spawn: () =>
      fork(join(directory, `${script}.cjs`), { detached: true, execArgv: [] }).on('message', (message) =>
        messages.push(message),
      ),
    ready: async (child, signal) => {
      for await (const [message] of on(child, 'message', { signal })) if (message === 'ready') return
    },
    readyMs: 20_000,
    stopMs: 20_000,
    log: captured.log,
    onSpawn: (pid) => void spawned.push(pid),
    onDeath: (pid) => void dead.push(pid),
  })

  it('starts a dead child again, tells of its death first, and logs both', async () => {
    const supervised = await superviseProcess(optionsFor('obedient'))
    const first = supervised.pid ?? 0
    process.kill(first, 'SIGKILL')
    await eventually('a second child is ready', () => messages.filter((message) => message === 'ready').length === 2)
    expect(spawned).to.have.length(2)
    expect(dead).to.deep.equal([first])
    expect(supervised.pid).to.equal(spawned[1])
    expect(captured.withMessage('died and will be started again')[0]).to.contain('SIGKILL').and.contain(`${first}`)
    await supervised.stop()
  })

  it('stops for good: no death is told, nothing is started again, the child is gone', async () => {
    const supervised = await superviseProcess(optionsFor('obedient'))
    await supervised.stop()
    expect(spawned).to.have.length(1)
    expect(dead).to.deep.equal([])
    expect(await isProcessAlive(spawned[0])).to.equal(false)
  })

  it('kills a child that ignores SIGTERM, once the deadline has passed', async () => {
    const supervised = await superviseProcess({ ...optionsFor('stubborn'), stopMs: 100 })
    await supervised.stop()
    expect(await isProcessAlive(spawned[0])).to.equal(false)
  })

  it('leaves none of a dead child’s own children', async () => {
    const supervised = await superviseProcess(optionsFor('parent'))
    const grandchild = messages.find((message) => typeof message === 'number')
    expect(await isProcessAlive(grandchild)).to.equal(true)
    process.kill(supervised.pid ?? 0, 'SIGKILL')
    await eventually('the grandchild is gone', async () => !(await isProcessAlive(grandchild)))
    await supervised.stop()
  })

  it('rejects the first start, with the reason, when the child ends before it is ready', async () => {
    const error = await rejection(superviseProcess(optionsFor('broken')))
    expect(error).to.be.instanceOf(StartError)
    expect(error.message).to.contain('broken').and.contain('exit code 3')
    expect(spawned).to.have.length(1)
  })

  it('kills a child that isn’t ready in time, and rejects the first start', async () => {
    const error = await rejection(superviseProcess({ ...optionsFor('silent'), readyMs: 200 }))
    expect(error.message).to.contain('in time')
    await eventually('the child is gone', async () => !(await isProcessAlive(spawned[0])))
  })

  it('goes on trying when a restarted child dies before it is ready', async () => {
    const supervised = await superviseProcess({ ...optionsFor('obedient'), restartDelay: () => 10 })
    await writeFile(join(directory, 'obedient.cjs'), scripts.broken)
    process.kill(supervised.pid ?? 0, 'SIGKILL')
    await eventually('three restarts have failed', () => dead.length >= 4)
    await writeFile(join(directory, 'obedient.cjs'), scripts.obedient)
    await eventually('a child is ready again', () => messages.filter((message) => message === 'ready').length === 2)
    expect(await isProcessAlive(supervised.pid)).to.equal(true)
    await supervised.stop()
  })
})
