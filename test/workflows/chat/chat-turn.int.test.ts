// The turn's workflow on a real server: it waits for all of its tools, whatever becomes of them and whoever has started
// them, and a cancel reaches them before the turn ends.
import { randomUUID } from 'node:crypto'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { Client, Connection } from '@temporalio/client'
import { DefaultLogger, NativeConnection, Worker, bundleWorkflowCode } from '@temporalio/worker'
import { expect } from 'chai'
import { type TemporalServer, startTemporalServer } from '../../../platform/embedded/temporal-server.ts'
import { createLogger } from '../../../platform/logger.ts'
import { installRuntime } from '../../../workers/runtime.ts'
import { eventually } from '../../support/eventually.ts'
import { testTemporalCli } from '../../support/temporal-cli.ts'

describe('the workflow of a turn with tools', function () {
  this.timeout(60_000)
  const log = createLogger({ level: 'silent' })
  const prefix = `turn-${randomUUID()}`
  let dataDir: string
  let server: TemporalServer
  let connection: Connection
  let native: NativeConnection
  let client: Client
  let workers: { readonly worker: Worker; readonly done: Promise<void> }[] = []
  /** What the first step of a turn calls; the second one ends it. */
  const calls = new Map<string, readonly string[]>()
  const happened: string[] = []

  const activities = {
    modelStep: async ({ turnId, step }: { turnId: string; step: number }) => {
      happened.push(`${turnId} step ${step}`)
      const executionIds = step === 1 ? (calls.get(turnId) ?? []) : []
      return { ended: step > 1, executionIds, toolTimeoutMs: 60_000 }
    },
    endTurn: async ({ turnId, status }: { turnId: string; status: string }) =>
      void happened.push(`${turnId} ${status}`),
    findUnendedExecutions: async ({ executionIds }: { executionIds: string[] }) =>
      executionIds.filter((id) => !happened.includes(`${id} ended`)),
    began: async ({ executionId }: { executionId: string }) => void happened.push(`${executionId} began`),
    ended: async ({ executionId }: { executionId: string }) => void happened.push(`${executionId} ended`),
  }

  before(async () => {
    installRuntime(log)
    dataDir = await mkdtemp(join(tmpdir(), 'cdsa-turns-'))
    server = await startTemporalServer({ cliPath: await testTemporalCli(), dataDir, uiPort: 0, log })
    connection = await Connection.connect({ address: server.address })
    native = await NativeConnection.connect({ address: server.address })
    client = new Client({ connection })
    const workflowBundle = await bundleWorkflowCode({
      workflowsPath: fileURLToPath(new URL('../../support/turn-workflow.ts', import.meta.url)),
      logger: new DefaultLogger('WARN'),
    })
    const create = (queue: string) =>
      Worker.create({ connection: native, taskQueue: `${prefix}-${queue}`, workflowBundle, activities })
    workers = [await create('llm'), await create('tools')].map((worker) => ({ worker, done: worker.run() }))
  })
  after(async () => {
    for (const { worker } of workers) worker.shutdown()
    await Promise.all(workers.map(({ done }) => done))
    await connection?.close()
    await native?.close()
    await server?.stop()
    await rm(dataDir, { recursive: true, force: true, maxRetries: 10 })
  })

  const named = (kind: string): string => `${kind}-${randomUUID()}`
  const startTurn = (executionIds: readonly string[]) => {
    const turnId = named('turn')
    calls.set(turnId, executionIds)
    return client.workflow
      .start('chatTurn', {
        workflowId: `chat-turn/${turnId}`,
        taskQueue: `${prefix}-llm`,
        args: [{ turnId, stepTimeoutMs: 60_000 }],
      })
      .then((handle) => ({ turnId, handle }))
  }
  const began = (executionId: string) =>
    eventually(`${executionId} began`, async () => happened.includes(`${executionId} began`))
  const toolCall = (executionId: string) => client.workflow.getHandle(`tool-call/${executionId}`)
  const startAlone = (executionId: string) =>
    client.workflow.start('toolCall', {
      workflowId: `tool-call/${executionId}`,
      taskQueue: `${prefix}-tools`,
      args: [{ executionId, timeoutMs: 1 }],
    })
  const indexOf = (what: string): number => happened.indexOf(what)

  it('runs tools side by side, and goes on when all have ended, whichever way', async () => {
    const [waits, fails, quick, alone] = [named('waits'), named('fail'), named('quick'), named('alone')]
    const { turnId, handle } = await startTurn([waits, fails, quick, alone])
    for (const id of [waits, alone]) await began(id)
    await toolCall(alone).cancel()
    await eventually('the cancelled one has ended', async () => happened.includes(`${alone} ended`))
    expect(happened).not.to.include(`${turnId} step 2`)
    await toolCall(waits).signal('finish')
    await handle.result()
    for (const id of [waits, fails, quick, alone])
      expect(indexOf(`${id} ended`)).to.be.within(0, indexOf(`${turnId} step 2`))
    expect(happened).not.to.include(`${turnId} cancelled`)
  })

  it('goes on where a call’s workflow was ended from outside', async () => {
    const id = named('waits')
    const { turnId, handle } = await startTurn([id])
    await began(id)
    await toolCall(id).terminate()
    await handle.result()
    expect(happened).to.include(`${turnId} step 2`)
  })

  it('ends as cancelled once its tools have ended', async () => {
    const ids = [named('waits'), named('waits')]
    const { turnId, handle } = await startTurn(ids)
    for (const id of ids) await began(id)
    await handle.cancel()
    await handle.result().then(
      () => expect.fail('it was cancelled'),
      () => undefined,
    )
    for (const id of ids) expect(indexOf(`${id} ended`)).to.be.within(0, indexOf(`${turnId} cancelled`))
    expect(happened).not.to.include(`${turnId} step 2`)
  })

  it('waits for a call that somebody else has started', async () => {
    const id = named('waits')
    await startAlone(id)
    const { turnId, handle } = await startTurn([id])
    await began(id)
    await eventually('the turn has called', async () => happened.includes(`${turnId} step 1`))
    await toolCall(id).signal('finish')
    await handle.result()
    expect(indexOf(`${id} ended`)).to.be.within(0, indexOf(`${turnId} step 2`))
  })

  it('cancels such a call with itself', async () => {
    const id = named('waits')
    await startAlone(id)
    const { turnId, handle } = await startTurn([id])
    await eventually('the turn has looked for it', async () => {
      const { events } = await handle.fetchHistory()
      return JSON.stringify(events).includes('findUnendedExecutions')
    })
    await handle.cancel()
    await handle.result().catch(() => undefined)
    expect(happened).to.include(`${turnId} cancelled`)
    await eventually('the call is cancelled', async () => (await toolCall(id).describe()).status.name === 'CANCELLED')
  })
})
