// The one-command platform as real processes: it starts, replaces what dies, refuses what it must, and leaves nothing
// behind, also when it was killed itself.
import { once } from 'node:events'
import { access, mkdtemp, readFile, rm } from 'node:fs/promises'
import { type AddressInfo, createServer } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { expect } from 'chai'
import type { RunFile } from '../../bin/supervisor/run-file.ts'
import { eventually } from '../support/eventually.ts'
import { type PlatformProcess, spawnPlatform, startPlatformProcess } from '../support/platform-process.ts'
import { isProcessAlive } from '../support/process-alive.ts'
import { startRedisOrSkip } from '../support/redis.ts'

const startsMs = 150_000
/** So that what was killed and what was started anew can be told apart. */
const restartMs = 60_000

const pidsOf = ({ processes }: RunFile): number[] =>
  [...new Set(Object.values(processes))].filter((pid) => pid !== null)

const aliveAmong = async (pids: readonly number[]): Promise<number[]> => {
  const checked = await Promise.all(pids.map(async (pid) => ((await isProcessAlive(pid)) ? [pid] : [])))
  return checked.flat()
}

const exists = (file: string): Promise<boolean> =>
  access(file).then(
    () => true,
    () => false,
  )

const registeredPids = (dataDir: string): Promise<number[] | undefined> =>
  readFile(join(dataDir, 'processes.json'), 'utf8').then(
    (text) => (JSON.parse(text) as { pid: number }[]).map(({ pid }) => pid),
    () => undefined,
  )

const isReady = (apiUrl: string): Promise<boolean> =>
  fetch(`${apiUrl}/readyz`).then(
    ({ ok }) => ok,
    () => false,
  )

/** The block follows `run.json`. */
const untilPrinted = (platform: PlatformProcess): Promise<string> =>
  eventually('the ready block', () => /is ready[^]*─\n/.test(platform.output()) && platform.output())

describe('npm start', function () {
  this.timeout(startsMs)
  let dataDir: string
  let platform: PlatformProcess | undefined

  beforeEach(async () => {
    dataDir = await mkdtemp(join(tmpdir(), 'cdsa-start-'))
  })
  afterEach(async () => {
    await platform?.stop()
    platform = undefined
    await rm(dataDir, { recursive: true, force: true })
  })

  const kill = (pid: number | null): void => {
    if (pid !== null) process.kill(pid, 'SIGKILL')
  }

  it('says where it is, refuses a second one on its data, and leaves nothing running after its stop', async () => {
    platform = await startPlatformProcess({ dataDir })
    const { run } = platform
    expect(run.processes.api).to.equal(run.processes.worker)
    expect(await aliveAmong(pidsOf(run))).to.have.length(4)
    expect(await isReady(run.apiUrl)).to.equal(true)
    const printed = await untilPrinted(platform)
    for (const part of [`${run.apiUrl}/docs`, run.temporalUiUrl, dataDir]) expect(printed).to.contain(part)

    const second = spawnPlatform({ dataDir })
    expect(await second.exited).to.equal(1)
    expect(second.output()).to.contain('already runs').and.contain(run.apiUrl)
    expect(platform.currentRun()).to.deep.equal(run)
    expect(await isReady(run.apiUrl)).to.equal(true)

    await platform.stop()
    expect(await platform.exited).to.equal(0)
    expect(await aliveAmong(pidsOf(run))).to.deep.equal([])
    for (const file of ['run.json', 'processes.json', 'supervisor.lock']) {
      expect(await exists(join(dataDir, file)), file).to.equal(false)
    }
  })

  it('tells the administrator’s password at the first start alone, and ends with the process that spawned it', async () => {
    platform = await startPlatformProcess({ dataDir })
    const printed = await untilPrinted(platform)
    const login = await fetch(`${platform.run.apiUrl}/api/v1/auth/login`, {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body: JSON.stringify({
        email: /E-mail +(\S+)/.exec(printed)?.[1],
        password: /Password +(\S+)/.exec(printed)?.[1],
      }),
    })
    expect(login.status).to.equal(200)
    const { run } = platform
    platform.disconnect()
    expect(await platform.exited).to.equal(0)
    expect(await aliveAmong(pidsOf(run))).to.deep.equal([])

    platform = await startPlatformProcess({ dataDir })
    expect(await untilPrinted(platform)).not.to.match(/password/i)
  })

  it('replaces each part that dies, at the same addresses, and keeps run.json true', async () => {
    platform = await startPlatformProcess({ dataDir, env: { LOG_LEVEL: 'info' } })
    const { run } = platform
    for (const part of ['worker', 'temporal', 'database'] as const) {
      kill(run.processes[part])
      await eventually(
        `${part} is another process`,
        () => ![null, run.processes[part], undefined].includes(platform?.currentRun()?.processes[part]),
        restartMs,
      )
      await eventually('everything answers', () => isReady(run.apiUrl), restartMs)
    }
    const now = platform.currentRun()
    expect(now?.apiUrl).to.equal(run.apiUrl)
    expect(now?.temporalAddress).to.equal(run.temporalAddress)
    expect(now?.processes.api).to.equal(now?.processes.worker)
    expect(platform.output())
      .to.contain('died and will be started again')
      .and.contain('released what a dead worker did')
    await platform.stop()
    expect(await aliveAmong(pidsOf(now as RunFile))).to.deep.equal([])
  })

  it('ends what a killed supervisor left behind before it starts on the same data', async () => {
    platform = await startPlatformProcess({ dataDir })
    const { run } = platform
    platform.kill('SIGKILL')
    await platform.exited
    // The server has no way to notice; the application and the database end by themselves.
    expect(await isProcessAlive(run.processes.temporal)).to.equal(true)
    platform = await startPlatformProcess({ dataDir, env: { LOG_LEVEL: 'warn' } })
    expect(await aliveAmong(pidsOf(run))).to.deep.equal([])
    expect(platform.output()).to.contain('was left behind by a killed supervisor')
    expect(await isReady(platform.run.apiUrl)).to.equal(true)
  })

  it('stops during its start, without leaving a process', async () => {
    const starting = spawnPlatform({ dataDir })
    const registered = await eventually('a part was spawned', () => registeredPids(dataDir), restartMs)
    starting.child.kill('SIGTERM')
    expect(await starting.exited).to.equal(0)
    const all = [...registered, ...((await registeredPids(dataDir)) ?? [])]
    expect(await aliveAmong(all)).to.deep.equal([])
    expect(starting.output()).not.to.contain('is ready')
  })

  it('refuses a given PORT that is taken before it starts anything', async () => {
    const listener = createServer().listen(0, '127.0.0.1')
    await once(listener, 'listening')
    const { port } = listener.address() as AddressInfo
    const refused = spawnPlatform({ dataDir, env: { PORT: `${port}` } })
    expect(await refused.exited).to.equal(1)
    listener.close()
    expect(refused.output()).to.contain(`${port}`).and.contain('PORT')
    expect(await exists(join(dataDir, 'temporal'))).to.equal(false)
    expect(await exists(join(dataDir, 'supervisor.lock'))).to.equal(false)
  })

  it('lists every fault of the configuration and nothing else', async () => {
    const refused = spawnPlatform({ dataDir, env: { PORT: 'high', CDSA_DEFAULT_MODEL: 'nameless' } })
    expect(await refused.exited).to.equal(1)
    expect(refused.output()).to.contain('2 fault(s)').and.contain('PORT').and.contain('CDSA_DEFAULT_MODEL')
    expect(refused.output()).not.to.contain('    at ')
  })

  it('runs API and worker as two processes where Redis carries what they share', async function () {
    const redis = await startRedisOrSkip(this)
    try {
      platform = await startPlatformProcess({ dataDir, env: { REDIS_URL: redis.url } })
      const { run } = platform
      expect(run.processes.api).not.to.equal(run.processes.worker)
      expect(await aliveAmong(pidsOf(run))).to.have.length(5)
      kill(run.processes.worker)
      await eventually(
        'the worker is another process',
        () => ![null, run.processes.worker, undefined].includes(platform?.currentRun()?.processes.worker),
        restartMs,
      )
      expect(platform.currentRun()?.processes.api).to.equal(run.processes.api)
      await platform.stop()
      expect(await aliveAmong(pidsOf(run))).to.deep.equal([])
    } finally {
      await redis.stop()
    }
  })
})
