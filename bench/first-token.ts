// How long `npm start` takes, and how long a durable turn takes to its first token, beside the least that a workflow
// costs on the same server in the same run. Prints ratios: machines differ.
import { randomUUID } from 'node:crypto'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { Client, Connection } from '@temporalio/client'
import { NativeConnection, Worker } from '@temporalio/worker'
import { type ApiClient, signUp } from '../test/support/api-client.ts'
import { startPlatformProcess } from '../test/support/platform-process.ts'
import { openEvents } from '../test/support/server-sent-events.ts'
import { createLogger } from '../platform/logger.ts'
import { installRuntime } from '../workers/runtime.ts'
import { type Measurement, measure, printTable } from './statistics.ts'

const samples = Number(process.argv[2] ?? 40)
const taskQueue = 'bench'
installRuntime(createLogger({ level: 'silent' }))

async function measureBaselines(address: string): Promise<Measurement[]> {
  const connection = await NativeConnection.connect({ address })
  const worker = await Worker.create({
    connection,
    taskQueue,
    workflowsPath: fileURLToPath(new URL('workflows.ts', import.meta.url)),
    activities: { hello: async () => 'hello' },
    stickyQueueScheduleToStartTimeout: '1s',
  })
  const client = new Client({ connection: await Connection.connect({ address }) })
  const execute = (type: string) =>
    client.workflow.execute(type, { taskQueue, workflowId: randomUUID() }).then(() => {})
  const measured = await worker.runUntil(async () => [
    await measure('hello workflow: one no-op activity', samples, () => execute('helloWorkflow')),
    await measure('empty workflow', samples, () => execute('emptyWorkflow')),
  ])
  await connection.close()
  await client.connection.close()
  return measured
}

/** From the POST to the first delta, and to the end of the stream. */
async function runTurn(
  client: ApiClient,
  chatId: string,
): Promise<{ readonly firstMs: number; readonly wholeMs: number }> {
  const started = performance.now()
  const stream = await openEvents(`${client.apiUrl}/api/v1/chats/${chatId}/turns`, {
    method: 'POST',
    headers: { authorization: `Bearer ${client.token}`, 'content-type': 'application/json' },
    body: JSON.stringify({ content: 'Who are you?' }),
  })
  let firstMs = Number.NaN
  for await (const { event } of stream.events) {
    if (event === 'text.delta' && Number.isNaN(firstMs)) firstMs = performance.now() - started
  }
  return { firstMs, wholeMs: performance.now() - started }
}

async function measureTurns(apiUrl: string): Promise<Measurement[]> {
  const client = await signUp(apiUrl)
  const newChat = async (): Promise<string> => (await client.post('/chats')).body['chat'].id
  return [
    await measure('turn: POST to first token', samples, async () => (await runTurn(client, await newChat())).firstMs),
    await measure('turn: POST to end of stream', samples, async () => (await runTurn(client, await newChat())).wholeMs),
  ]
}

async function timedStart(dataDir: string) {
  const started = performance.now()
  const platform = await startPlatformProcess({ dataDir })
  return { platform, seconds: (performance.now() - started) / 1_000 }
}

const dataDir = await mkdtemp(join(tmpdir(), 'cdsa-bench-'))
try {
  const cold = await timedStart(dataDir)
  await cold.platform.stop()
  const { platform, seconds } = await timedStart(dataDir)
  console.log(
    `npm start to ready: new data directory ${cold.seconds.toFixed(1)} s, second start ${seconds.toFixed(1)} s`,
  )
  const [hello, ...rest] = await measureBaselines(platform.run.temporalAddress)
  if (hello !== undefined) {
    printTable('First token of a durable turn', hello, [...rest, ...(await measureTurns(platform.run.apiUrl))])
  }
  await platform.stop()
} finally {
  await rm(dataDir, { recursive: true, force: true })
}
