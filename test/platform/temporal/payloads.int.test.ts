// What Temporal stores of a workflow, on a real server with a real worker: a word goes along every way that a value can
// take, and is neither in what a client without the key is given nor in the server's files.
import { randomBytes } from 'node:crypto'
import { mkdtemp, readFile, readdir, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { Context } from '@temporalio/activity'
import { Client, Connection, WorkflowFailedError, WorkflowUpdateFailedError } from '@temporalio/client'
import { ActivityFailure, ApplicationFailure, type DataConverter } from '@temporalio/common'
import proto from '@temporalio/proto'
import { DefaultLogger, NativeConnection, Worker, type WorkflowBundle, bundleWorkflowCode } from '@temporalio/worker'
import { expect } from 'chai'
import { parseConfig } from '../../../platform/config.ts'
import { startTemporalServer, type TemporalServer } from '../../../platform/embedded/temporal-server.ts'
import { createPlatformKeys } from '../../../platform/keys.ts'
import { createLogger } from '../../../platform/logger.ts'
import { createDataConverter, failureConverterPath } from '../../../platform/temporal/data-converter.ts'
import { installRuntime } from '../../../workers/runtime.ts'
import { eventually } from '../../support/eventually.ts'
import type { PayloadActivities, payloadWorkflow } from '../../support/payload-workflow.ts'
import { testTemporalCli } from '../../support/temporal-cli.ts'

const { History } = proto.temporal.api.history.v1
const namespace = 'default'
const first = { id: 'first', key: randomBytes(32) }
const second = { id: 'second', key: randomBytes(32) }
const converterWith = (...keys: (typeof first)[]): DataConverter =>
  createDataConverter({ config: parseConfig({}), keys: createPlatformKeys(keys) })

const activities: PayloadActivities = {
  echo: async (word) => `${word}, echoed`,
  failWith: async (word) => {
    const cause = new Error(`cause: ${word}`)
    throw ApplicationFailure.create({ type: 'a.code', message: `failed: ${word}`, details: [word], cause })
  },
  beat: async (word) => {
    const { info } = Context.current()
    if (info.attempt > 1) return String(info.heartbeatDetails)
    Context.current().heartbeat(`${word}, beaten`)
    throw new Error(`beat: ${word}`)
  },
}

describe('payloads on a Temporal server', function () {
  this.timeout(60_000)
  let dataDir: string
  let server: TemporalServer
  let connection: Connection
  let native: NativeConnection
  let workflowBundle: WorkflowBundle
  /** With the key, and without. */
  let client: Client
  let stranger: Client
  let names = 0
  const running: (() => Promise<void>)[] = []

  before(async () => {
    installRuntime(createLogger({ level: 'silent' }))
    dataDir = await mkdtemp(join(tmpdir(), 'cdsa-payloads-'))
    server = await startTemporalServer({
      cliPath: await testTemporalCli(),
      dataDir,
      uiPort: 0,
      log: createLogger({ level: 'silent' }),
    })
    const { address } = server
    connection = await Connection.connect({ address })
    native = await NativeConnection.connect({ address })
    workflowBundle = await bundleWorkflowCode({
      workflowsPath: fileURLToPath(new URL('../../support/payload-workflow.ts', import.meta.url)),
      failureConverterPath,
      logger: new DefaultLogger('WARN'),
    })
    client = new Client({ connection, dataConverter: converterWith(first) })
    stranger = new Client({ connection })
  })
  afterEach(async () => {
    for (const stop of running.splice(0)) await stop()
  })
  after(async () => {
    await native?.close()
    await connection?.close()
    await server?.stop()
    await rm(dataDir, { recursive: true, force: true })
  })

  const newName = (): string => `payloads-${(names += 1)}`
  const newCanary = (): string => `canary-${randomBytes(8).toString('hex')}`

  async function startWorker(taskQueue: string, dataConverter?: DataConverter): Promise<() => Promise<void>> {
    const options = dataConverter === undefined ? {} : { dataConverter }
    const worker = await Worker.create({
      connection: native,
      taskQueue,
      workflowBundle,
      activities,
      shutdownGraceTime: '100ms',
      stickyQueueScheduleToStartTimeout: '1s',
      ...options,
    })
    const done = worker.run()
    const stop = async (): Promise<void> => {
      if (worker.getState() === 'RUNNING') worker.shutdown()
      await done
    }
    running.push(stop)
    return stop
  }

  const start = (by: Client, word: string, taskQueue: string, type = 'payloadWorkflow') =>
    by.workflow.start<typeof payloadWorkflow>(type, {
      workflowId: taskQueue,
      taskQueue,
      args: [word],
      memo: { kept: word },
      staticSummary: word,
      staticDetails: word,
      workflowTaskTimeout: '3s',
    })

  async function rawHistory(workflowId: string): Promise<string> {
    const history = await stranger.workflow.getHandle(workflowId).fetchHistory()
    return Buffer.from(History.encode(history).finish()).toString('latin1')
  }

  async function serverFiles(): Promise<string> {
    const directory = join(dataDir, 'temporal')
    const contents = await Promise.all(
      (await readdir(directory)).map((name) => readFile(join(directory, name), 'latin1')),
    )
    return contents.join('')
  }

  it('[V25] never hold a canary in what is stored: arguments, results, updates, queries, signals, memos, summaries, beats', async () => {
    const word = newCanary()
    const queue = newName()
    await startWorker(queue, converterWith(first))
    const handle = await start(client, word, queue)
    expect(await handle.executeUpdate<string, [string]>('changeWord', { args: [`${word}, updated`] })).to.equal(word)
    expect(await handle.query('currentWord')).to.equal(`${word}, updated`)
    await handle.signal('addWord', `${word}, signalled`)
    await handle.signal('finish')
    const { seen, refusedSignals } = await handle.result()
    expect(seen).to.have.members([`${word}, echoed`, `${word}, beaten`, `${word} of the child`, `${word}, signalled`])
    expect(refusedSignals).to.equal(0)
    const described = await handle.describe()
    expect(described.memo).to.deep.equal({ kept: word, upserted: word })
    expect(await described.staticSummary()).to.equal(word)
    expect(await described.staticDetails()).to.equal(word)

    const raw = await rawHistory(queue)
    expect(raw).to.contain('binary/encrypted').and.not.contain('canary')
    const description = await stranger.workflowService.describeWorkflowExecution({
      namespace,
      execution: { workflowId: queue },
    })
    const seenOutside =
      proto.temporal.api.workflowservice.v1.DescribeWorkflowExecutionResponse.encode(description).finish()
    expect(Buffer.from(seenOutside).toString('latin1')).to.contain(queue).and.not.contain(word)
    expect(await serverFiles())
      .to.contain(queue)
      .and.not.contain(word)
  })

  it('[V25] never hold it in a failure either: message, details, cause and stack trace come back to who has the key', async () => {
    const word = newCanary()
    const queue = newName()
    await startWorker(queue, converterWith(first))
    const failure = await (await start(client, word, queue, 'failingWorkflow'))
      .result()
      .catch((error: unknown) => error)
    expect(failure).to.be.instanceOf(WorkflowFailedError)
    const activity = (failure as WorkflowFailedError).cause as ActivityFailure
    expect(activity).to.be.instanceOf(ActivityFailure)
    const cause = activity.cause as ApplicationFailure
    expect(cause)
      .to.be.instanceOf(ApplicationFailure)
      .and.include({ type: 'a.code', message: `failed: ${word}` })
    expect(cause.details).to.deep.equal([word])
    expect(cause.cause?.message).to.equal(`cause: ${word}`)
    expect(cause.stack).to.contain('failWith')

    const raw = await rawHistory(queue)
    expect(raw)
      .to.contain('Encoded failure')
      .and.contain('a.code')
      .and.not.contain('canary')
      .and.not.contain('failWith (')
    expect(await serverFiles()).not.to.contain(word)
  })

  it('[V25] never hold it in a schedule, whose workflow gets its arguments', async () => {
    const word = newCanary()
    const queue = newName()
    await startWorker(queue, converterWith(first))
    const action = { type: 'startWorkflow', workflowType: 'childWorkflow', taskQueue: queue, args: [word] } as const
    const schedule = await client.schedule.create({
      scheduleId: queue,
      spec: {},
      action: { ...action, workflowId: queue, memo: { kept: word }, staticSummary: word },
      memo: { kept: word },
    })
    await schedule.trigger()
    const workflowId = await eventually(
      'it has started',
      async () => (await schedule.describe()).info.recentActions[0]?.action.workflow.workflowId,
    )
    expect(await client.workflow.getHandle(workflowId).result()).to.equal(`${word} of the child`)
    const described = await schedule.describe()
    expect(described.action).to.deep.include({ args: [word], memo: { kept: word } })
    expect(described.memo).to.deep.equal({ kept: word })
    const seenOutside = proto.temporal.api.workflowservice.v1.DescribeScheduleResponse.encode(
      await stranger.workflowService.describeSchedule({ namespace, scheduleId: queue }),
    ).finish()
    expect(Buffer.from(seenOutside).toString('latin1')).to.contain(queue).and.not.contain(word)
    await schedule.delete()
    expect(await serverFiles()).not.to.contain(word)
  })

  it('hold it without the codec: the search can find something', async () => {
    const word = newCanary()
    const queue = newName()
    await startWorker(queue)
    const handle = await start(stranger, word, queue, 'childWorkflow')
    await handle.result()
    expect(await rawHistory(queue)).to.contain(word)
    expect(await serverFiles()).to.contain(word)
  })

  it('in the clear reach their workflow; forged ones are refused, and hold up nothing', async () => {
    const queue = newName()
    await startWorker(queue, converterWith(first))
    const handle = await start(client, 'word', queue)
    await stranger.workflow.getHandle(queue).signal('addWord', 'in the clear')
    const encoding = Buffer.from('binary/encrypted')
    const forged = { metadata: { encoding, 'encryption-key-id': Buffer.from('first') }, data: randomBytes(64) }
    await stranger.workflowService.signalWorkflowExecution({
      namespace,
      workflowExecution: { workflowId: queue },
      signalName: 'addWord',
      input: { payloads: [forged] },
    })
    const update = await client.workflow
      .getHandle(queue)
      .executeUpdate('changeWord', { args: [{ $refused: 'as decoding would say' }] })
      .catch((error: unknown) => error)
    expect(update).to.be.instanceOf(WorkflowUpdateFailedError)
    await handle.signal('finish')
    const { seen, refusedSignals } = await handle.result()
    expect(seen).to.include('in the clear')
    expect(refusedSignals).to.equal(1)
  })

  it('wait for a key that is missing, and are read once it is there again', async () => {
    const queue = newName()
    const stopBlind = await startWorker(queue, converterWith(second))
    const handle = await start(client, 'word', queue, 'childWorkflow')
    const failed = proto.temporal.api.enums.v1.EventType.EVENT_TYPE_WORKFLOW_TASK_FAILED
    await eventually('a task has failed', async () =>
      (await handle.fetchHistory()).events?.some(({ eventType }) => eventType === failed),
    )
    await stopBlind()
    await startWorker(queue, converterWith(second, first))
    expect(
      await new Client({ connection, dataConverter: converterWith(second, first) }).workflow.getHandle(queue).result(),
    ).to.equal('word of the child')
  })
})
