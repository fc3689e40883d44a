// The embedded Temporal server as a real process: it answers, it holds what it acknowledged through a SIGKILL, and it
// leaves no process behind.
import { mkdtemp, readFile, rm } from 'node:fs/promises'
import { createServer, type AddressInfo } from 'node:net'
import { once } from 'node:events'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { Client, Connection } from '@temporalio/client'
import { expect } from 'chai'
import { startTemporalServer, type TemporalServer } from '../../../platform/embedded/temporal-server.ts'
import { captureLog } from '../../support/captured-log.ts'
import { eventually } from '../../support/eventually.ts'
import { isProcessAlive } from '../../support/process-alive.ts'
import { rejection } from '../../support/rejection.ts'
import { testTemporalCli } from '../../support/temporal-cli.ts'

describe('startTemporalServer', () => {
  const { log } = captureLog()
  let cliPath: string
  let dataDir: string
  let server: TemporalServer | undefined
  let connection: Connection | undefined

  before(async () => {
    cliPath = await testTemporalCli()
  })
  beforeEach(async () => {
    dataDir = await mkdtemp(join(tmpdir(), 'cdsa-temporal-'))
  })
  afterEach(async () => {
    await connection?.close()
    await server?.stop()
    server = undefined
    connection = undefined
    await rm(dataDir, { recursive: true, force: true })
  })

  const connect = async (address: string): Promise<Client> => {
    connection = await Connection.connect({ address })
    return new Client({ connection })
  }

  it('answers on loopback, with the namespace, the search attribute and the Web UI', async () => {
    server = await startTemporalServer({ cliPath, dataDir, uiPort: 0, log })
    expect(server.address).to.match(/^127\.0\.0\.1:\d+$/)
    const client = await connect(server.address)
    const { customAttributes } = await (client.connection as Connection).operatorService.listSearchAttributes({
      namespace: 'default',
    })
    expect(customAttributes).to.have.property('ApprovalState')
    const page = await fetch(server.uiUrl)
    expect(page.status).to.equal(200)
  })

  it('runs with every setting that was measured', async () => {
    server = await startTemporalServer({ cliPath, dataDir, uiPort: 0, log })
    const commandLine = (await readFile(`/proc/${server.pid}/cmdline`, 'utf8')).split('\0').join(' ')
    for (const setting of [
      '--sqlite-pragma journal_mode=WAL',
      '--sqlite-pragma synchronous=NORMAL',
      'history.transferProcessorMaxPollRPS=2000',
      'history.timerProcessorMaxPollRPS=2000',
      'history.visibilityProcessorMaxPollRPS=2000',
      'history.timerProcessorMaxTimeShift="50ms"',
      'matching.enableFairness=true',
      'matching.numTaskqueueReadPartitions=1',
      'matching.numTaskqueueWritePartitions=1',
      '--ip 127.0.0.1',
    ]) {
      expect(commandLine).to.contain(setting)
    }
    const environment = await readFile(`/proc/${server.pid}/environ`, 'utf8')
    expect(environment).to.equal('')
  })

  it('tells its Web UI where payloads are decoded', async () => {
    const codecEndpoint = 'http://127.0.0.1:3000/api/v1/codec'
    server = await startTemporalServer({ cliPath, dataDir, uiPort: 0, codecEndpoint, log })
    const settings = await (await fetch(`${server.uiUrl}/api/v1/settings`)).json()
    expect(settings).to.have.nested.property('Codec.Endpoint', codecEndpoint)
  })

  it('comes back after a SIGKILL with the same address and the workflows it had', async () => {
    server = await startTemporalServer({ cliPath, dataDir, uiPort: 0, log })
    const client = await connect(server.address)
    const started = await client.workflow.start('waiting', { taskQueue: 'nobody', workflowId: 'kept' })
    const first = server.pid
    process.kill(first ?? 0, 'SIGKILL')
    await eventually('another process serves', () => server?.pid !== undefined && server.pid !== first)
    const described = await eventually('it answers', () =>
      client.workflow
        .getHandle('kept')
        .describe()
        .catch(() => undefined),
    )
    expect(described.runId).to.equal(started.firstExecutionRunId)
    expect(described.status.name).to.equal('RUNNING')
  })

  it('leaves no process after its stop', async () => {
    server = await startTemporalServer({ cliPath, dataDir, uiPort: 0, log })
    const { pid } = server
    await server.stop()
    expect(await isProcessAlive(pid)).to.equal(false)
  })

  it('refuses a given Web UI port that is taken, and names the variable', async () => {
    const listener = createServer().listen(0, '127.0.0.1')
    await once(listener, 'listening')
    const { port } = listener.address() as AddressInfo
    const error = await rejection(startTemporalServer({ cliPath, dataDir, uiPort: port, log }))
    listener.close()
    expect(error.message).to.contain('TEMPORAL_UI_PORT').and.contain(String(port))
  })

  it('tells what the server said when it can’t start', async () => {
    const error = await rejection(startTemporalServer({ cliPath: '/bin/false', dataDir, uiPort: 0, log }))
    expect(error.message).to.contain('exit code 1').and.contain('server.log')
  })
})
