// Starts by the connection of the workers themselves, on a real server: the first task comes with the answer to the start.
// By a connection that has no worker, and by none, the workflow starts over its queue.
import { randomUUID } from 'node:crypto'
import { fileURLToPath } from 'node:url'
import { Client, Connection } from '@temporalio/client'
import { DefaultLogger, NativeConnection, Worker, bundleWorkflowCode } from '@temporalio/worker'
import { expect } from 'chai'
import { parseConfig } from '../../../platform/config.ts'
import { type TemporalServer, startTemporalServer } from '../../../platform/embedded/temporal-server.ts'
import { createLogger } from '../../../platform/logger.ts'
import { createEagerStarts } from '../../../platform/temporal/eager-starts.ts'
import { startCommitted } from '../../../platform/temporal/start-workflow.ts'
import { installRuntime } from '../../../workers/runtime.ts'
import { chatTurnStart } from '../../../workflows/chat/messages.ts'
import { captureLog } from '../../support/captured-log.ts'
import { temporaryDirectory } from '../../support/temporary-directory.ts'
import { testTemporalCli } from '../../support/temporal-cli.ts'

describe('eager starts', function () {
  this.timeout(60_000)
  const directory = temporaryDirectory()
  let server: TemporalServer
  let connection: Connection
  let native: NativeConnection
  let worker: Worker
  let done: Promise<void>
  const prefix = `eager-${randomUUID()}`
  const config = { ...parseConfig({}), temporal: { ...parseConfig({}).temporal, queuePrefix: prefix } }

  beforeEach(async () => {
    const log = createLogger({ level: 'silent' })
    installRuntime(log)
    server = await startTemporalServer({ cliPath: await testTemporalCli(), dataDir: directory(), uiPort: 0, log })
    connection = await Connection.connect({ address: server.address })
    native = await NativeConnection.connect({ address: server.address })
    worker = await Worker.create({
      connection: native,
      taskQueue: `${prefix}-llm`,
      activities: { modelStep: async () => ({ ended: true, executionIds: [], toolTimeoutMs: 1 }) },
      workflowBundle: await bundleWorkflowCode({
        workflowsPath: fileURLToPath(new URL('../../support/turn-workflow.ts', import.meta.url)),
        logger: new DefaultLogger('WARN'),
      }),
    })
    done = worker.run()
  })
  afterEach(async () => {
    if (worker.getState() === 'RUNNING') worker.shutdown()
    await done
    await Promise.all([connection.close(), native.close()])
    await server.stop()
  })

  it('are taken by the worker of this process, and by others once they are withdrawn', async () => {
    const temporal = new Client({ connection })
    const { log, lines } = captureLog()
    const eagerStarts = createEagerStarts()
    /** Whether the server gave the first task with its answer, of a turn that has ended. */
    const wasEager = async (): Promise<boolean> => {
      const start = chatTurnStart({ turnId: randomUUID(), stepTimeoutMs: 60_000 }, 'somebody')
      await startCommitted({ temporal, eagerStarts, config, log }, start)
      expect(lines).to.deep.equal([])
      const handle = temporal.workflow.getHandle(start.workflowId)
      await handle.result()
      const [started] = (await handle.fetchHistory()).events ?? []
      return started?.workflowExecutionStartedEventAttributes?.eagerExecutionAccepted ?? false
    }
    expect(await wasEager(), 'before they are offered').to.equal(false)
    const withdraw = eagerStarts.offer(['llm'], new Client({ connection: native }))
    expect(eagerStarts.clientFor('tools')).to.equal(undefined)
    expect(await wasEager(), 'while they are offered').to.equal(true)
    withdraw()
    expect(await wasEager(), 'once they are withdrawn').to.equal(false)
    const idle = await NativeConnection.connect({ address: server.address })
    eagerStarts.offer(['llm'], new Client({ connection: idle }))
    expect(await wasEager(), 'by a connection without a worker').to.equal(false)
    await idle.close()
  })
})
