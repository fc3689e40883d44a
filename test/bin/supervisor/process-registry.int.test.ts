// What a killed supervisor left behind, as real processes that the next start must end.
import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { access, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { expect } from 'chai'
import { createProcessRegistry, endLeftovers } from '../../../bin/supervisor/process-registry.ts'
import { identifyProcess } from '../../../platform/embedded/process-identity.ts'
import { captureLog } from '../../support/captured-log.ts'
import { isProcessAlive } from '../../support/process-alive.ts'

const obedient = 'console.log(1); setInterval(() => {}, 1000)'
const stubborn = `process.on('SIGTERM', () => {}); ${obedient}`
/** Notes its name as it ends. */
const telling = (file: string, name: string): string =>
  `process.on('SIGTERM', () => { require('fs').appendFileSync('${file}', '${name} '); process.exit() }); ${obedient}`

describe('process registry', () => {
  let dataDir: string
  let children: ChildProcess[]
  const { log } = captureLog()

  beforeEach(async () => {
    dataDir = await mkdtemp(join(tmpdir(), 'cdsa-registry-'))
    children = []
  })
  afterEach(async () => {
    for (const child of children) child.kill('SIGKILL')
    await rm(dataDir, { recursive: true, force: true })
  })

  /** Resolves once the child has set up its signal handling. */
  const start = async (code: string): Promise<number> => {
    const child = spawn(process.execPath, ['-e', code], { stdio: ['ignore', 'pipe', 'ignore'], detached: true })
    children.push(child)
    await once(child.stdout, 'data')
    return child.pid ?? 0
  }

  it('ends what is left, the application before the parts that it uses', async () => {
    const registry = createProcessRegistry(dataDir)
    const roles = ['database', 'temporal', 'application'] as const
    for (const role of roles) await registry.record(role, await start(telling(join(dataDir, 'ended'), role)))
    await endLeftovers({ dataDir, graceMs: 20_000, log })
    expect(await readFile(join(dataDir, 'ended'), 'utf8')).to.equal('application temporal database ')
  })

  it('kills what ignores SIGTERM', async () => {
    const pid = await start(stubborn)
    await createProcessRegistry(dataDir).record('worker', pid)
    await endLeftovers({ dataDir, graceMs: 100, log })
    expect(await isProcessAlive(pid)).to.equal(false)
  })

  it('leaves a process alone that merely has the pid of one that was registered', async () => {
    const pid = await start(obedient)
    await writeFile(join(dataDir, 'processes.json'), JSON.stringify([{ role: 'temporal', pid, startedAt: 'earlier' }]))
    await endLeftovers({ dataDir, graceMs: 100, log })
    expect(await isProcessAlive(pid)).to.equal(true)
  })

  it('tells of the dead as well, and forgets all of them', async () => {
    const identity = await identifyProcess(await start(obedient))
    await createProcessRegistry(dataDir).record('application', identity?.pid ?? 0)
    children[0]?.kill('SIGKILL')
    await once(children[0] as ChildProcess, 'exit')
    expect(await endLeftovers({ dataDir, graceMs: 100, log })).to.deep.equal([{ role: 'application', ...identity }])
    expect(await endLeftovers({ dataDir, graceMs: 100, log })).to.deep.equal([])
  })

  it('kills every registered process on demand, and what is started in its place', async () => {
    const registry = createProcessRegistry(dataDir)
    const pids = [await start(stubborn), await start(stubborn)]
    await registry.record('temporal', pids[0] ?? 0)
    await registry.record('database', pids[1] ?? 0)
    await registry.killAll()
    expect(await Promise.all(pids.map(isProcessAlive))).to.deep.equal([false, false])
    await registry.record('temporal', await start(stubborn))
    for (const child of children) if (child.signalCode === null) await once(child, 'exit')
    expect(children.map((child) => child.signalCode)).to.deep.equal(['SIGKILL', 'SIGKILL', 'SIGKILL'])
  })

  it('writes nothing after its end', async () => {
    const registry = createProcessRegistry(dataDir)
    registry.clear()
    await registry.record('temporal', await start(obedient))
    const exists = await access(join(dataDir, 'processes.json')).then(
      () => true,
      () => false,
    )
    expect(exists).to.equal(false)
  })
})
