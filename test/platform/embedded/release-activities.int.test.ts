// Releasing a dead worker's activities, on a real server. The worker is played by its own gRPC calls: it takes a task
// and is never heard of again, which is what a killed process looks like from the server.
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { Client, Connection } from '@temporalio/client'
import { expect } from 'chai'
import { releaseActivities } from '../../../platform/embedded/release-activities.ts'
import { startTemporalServer, type TemporalServer } from '../../../platform/embedded/temporal-server.ts'
import { captureLog } from '../../support/captured-log.ts'
import { testTemporalCli } from '../../support/temporal-cli.ts'

const namespace = 'default'
const minutes = { seconds: 600 }
/** temporal.api.enums.v1: CommandType and EventType values. */
const scheduleActivity = 1
const requestCancel = 2
const activityCanceled = 16

describe('releaseActivities', () => {
  let dataDir: string
  let server: TemporalServer
  let client: Client
  let queues = 0

  before(async () => {
    dataDir = await mkdtemp(join(tmpdir(), 'cdsa-release-'))
    server = await startTemporalServer({ cliPath: await testTemporalCli(), dataDir, uiPort: 0, log: captureLog().log })
    client = new Client({ connection: await Connection.connect({ address: server.address }) })
  })
  after(async () => {
    await client.connection.close()
    await server.stop()
    await rm(dataDir, { recursive: true, force: true })
  })

  /** The server refuses a poll without a deadline. */
  const inTime = <T>(call: () => Promise<T>): Promise<T> => client.withDeadline(Date.now() + 20_000, call)

  const takeActivity = (name: string, identity: string) =>
    inTime(() => client.workflowService.pollActivityTaskQueue({ namespace, taskQueue: { name }, identity }))

  const decide = async (name: string, commands: object[]): Promise<void> => {
    const taskQueue = { name }
    const { taskToken } = await inTime(() =>
      client.workflowService.pollWorkflowTaskQueue({ namespace, taskQueue, identity: 'w' }),
    )
    await client.workflowService.respondWorkflowTaskCompleted({ namespace, taskToken, identity: 'w', commands })
  }

  /** A workflow with one activity that `identity` has started; hour-long timeouts, so that only a release ends it. */
  const startOn = async (identity: string) => {
    const queue = `release-${(queues += 1)}`
    const handle = await client.workflow.start('any', { taskQueue: queue, workflowId: queue })
    await decide(queue, [
      {
        commandType: scheduleActivity,
        scheduleActivityTaskCommandAttributes: {
          activityId: '1',
          activityType: { name: 'work' },
          taskQueue: { name: queue },
          scheduleToCloseTimeout: minutes,
          startToCloseTimeout: minutes,
          heartbeatTimeout: minutes,
          retryPolicy: { initialInterval: { nanos: 1_000_000 } },
        },
      },
    ])
    await takeActivity(queue, identity)
    return { queue, handle }
  }

  it('lets another worker retry what the dead one had started', async () => {
    const { queue } = await startOn('1@dead')
    const { released } = await releaseActivities({ client, deadIdentity: '1@dead' })
    expect(released).to.equal(1)
    const again = await takeActivity(queue, '2@alive')
    expect(again.attempt).to.equal(2)
  })

  it('leaves alone what runs on another worker', async () => {
    const { handle } = await startOn('3@alive')
    const { released } = await releaseActivities({ client, deadIdentity: '4@dead' })
    expect(released).to.equal(0)
    const { raw } = await handle.describe()
    expect(raw.pendingActivities?.[0]).to.include({ attempt: 1, lastWorkerIdentity: '3@alive' })
  })

  it('ends as cancelled what was asked to cancel', async () => {
    const { queue, handle } = await startOn('5@dead')
    await handle.cancel()
    const scheduledEventId = 5
    await decide(queue, [
      { commandType: requestCancel, requestCancelActivityTaskCommandAttributes: { scheduledEventId } },
    ])
    const { released } = await releaseActivities({ client, deadIdentity: '5@dead' })
    expect(released).to.equal(1)
    const { events } = await handle.fetchHistory()
    expect(events?.map((event) => Number(event.eventType))).to.include(activityCanceled)
  })

  it('needs no running workflow', async () => {
    for await (const { workflowId } of client.workflow.list({ query: `ExecutionStatus = 'Running'` })) {
      await client.workflow.getHandle(workflowId).terminate()
    }
    expect((await releaseActivities({ client, deadIdentity: '6@dead' })).released).to.equal(0)
  })
})
