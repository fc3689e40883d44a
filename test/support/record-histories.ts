// Records one history of each way that a workflow can go, as the Temporal CLI exports it, for the replay test,
// with its payloads under the key of the tests.
// Run it (`npm run record-histories`) only for a new workflow: the old histories are what a change must still replay.
import { execFile } from 'node:child_process'
import { writeFile } from 'node:fs/promises'
import { hostname } from 'node:os'
import { fileURLToPath } from 'node:url'
import { promisify } from 'node:util'
import { JSONToPayload, type JSONPayload, payloadToJSON } from '@temporalio/common/lib/proto-utils.js'
import { createPlatformKeys, parseKeys } from '../../platform/keys.ts'
import { createPayloadCodec } from '../../platform/temporal/payload-codec.ts'
import { chatTurnWorkflowId } from '../../workflows/chat/messages.ts'
import { ingestWorkflowId } from '../../workflows/documents/messages.ts'
import { type ApiClient, signUp } from './api-client.ts'
import { makeHandbookPdf } from './documents.ts'
import { eventually } from './eventually.ts'
import { followDocumentToEnd, followTurnPersistently } from './follow.ts'
import { historyKey } from './history-key.ts'
import { startMockUpstream } from './mock-upstream.ts'
import { makeOperator } from './operator.ts'
import { applicationDatabaseUrl } from './platform-database.ts'
import { startPlatformProcess } from './platform-process.ts'
import { testTemporalCli } from './temporal-cli.ts'

const run = promisify(execFile)
const folder = new URL('../histories/', import.meta.url)

async function runTurn(client: ApiClient, content: string, cancelAt = Number.POSITIVE_INFINITY): Promise<string> {
  const chatId = (await client.post('/chats')).body['chat'].id
  const { turn, eventsUrl } = (await client.post(`/chats/${chatId}/turns`, { content })).body
  let asked: Promise<unknown> | undefined
  await followTurnPersistently(client, eventsUrl, {
    onEvent: ({ text }) => {
      if (text.length >= cancelAt) asked ??= client.post(`/chats/${chatId}/turns/${turn.id}/cancel`)
    },
  })
  await asked
  return chatTurnWorkflowId(turn.id)
}

async function ingest(client: ApiClient, filename: string, bytes: Uint8Array): Promise<string> {
  const { document } = (await client.upload({ filename, bytes })).body
  await followDocumentToEnd(client, document.id)
  return ingestWorkflowId(document.id)
}

/** Some values under an old key, and the work that brings them under a new one. */
async function rewrap(client: ApiClient): Promise<string> {
  for (const path of ['one', 'two', 'three']) await client.post('/vault/secrets', { path, value: path })
  await client.post('/vault/keys/rotate')
  const { workflowId } = (await client.post('/vault/keys/rewrap')).body
  await eventually('the rewrap ends', async () => (await client.get('/vault/status')).body['staleVersions'] === 0)
  return workflowId
}

/** The export names the machine that recorded it: its host and where the project lay. */
const withoutMachine = (text: string): string =>
  text.replaceAll(`@${hostname()}`, '@host').replaceAll(fileURLToPath(new URL('../../', import.meta.url)), '')

const codec = createPayloadCodec({ keys: createPlatformKeys(parseKeys(historyKey)), namespace: 'default' })

/** Also of what is encrypted: stack traces name files. */
async function withoutMachineInside(value: unknown): Promise<unknown> {
  if (typeof value === 'string') return withoutMachine(value)
  if (typeof value !== 'object' || value === null) return value
  if (Array.isArray(value)) return Promise.all(value.map(withoutMachineInside))
  if ('metadata' in value && 'data' in value) {
    const [opened] = await codec.decode([JSONToPayload(value as JSONPayload)])
    const data = Buffer.from(withoutMachine(Buffer.from(opened?.data ?? []).toString()))
    return payloadToJSON((await codec.encode([{ ...opened, data }]))[0] ?? {})
  }
  const entries = Object.entries(value).map(async ([name, child]) => [name, await withoutMachineInside(child)] as const)
  return Object.fromEntries(await Promise.all(entries))
}

const rejecting = {
  match: { endpoint: 'chat' as const, userMessage: 'reject this' },
  response: { status: 400, error: { message: 'no' } },
}
const upstream = await startMockUpstream({ fixtures: [rejecting] })
const platform = await startPlatformProcess({
  env: { OPENAI_BASE_URL: upstream.baseUrl, OPENAI_API_KEY: 'mock', CDSA_PLATFORM_KEY: historyKey },
})
try {
  const client = await signUp(platform.run.apiUrl)
  await makeOperator(client, applicationDatabaseUrl(process.env, platform.dataDir))
  const pdf = await makeHandbookPdf()
  const workflows = {
    'chat-turn.completed': await runTurn(client, 'hello'),
    'chat-turn.failed': await runTurn(client, 'reject this'),
    'chat-turn.cancelled': await runTurn(client, 'count slowly', 25),
    'ingest-document.completed': await ingest(client, 'handbook.pdf', pdf),
    'ingest-document.failed': await ingest(client, 'cut.pdf', pdf.subarray(0, 700)),
    'ingest-document.long': await ingest(client, 'long.pdf', await makeHandbookPdf({ copies: 30 })),
    'rewrap-keys.completed': await rewrap(client),
  }
  const cli = await testTemporalCli()
  for (const [name, workflowId] of Object.entries(workflows)) {
    const where = ['--address', platform.run.temporalAddress, '--workflow-id', workflowId]
    const { stdout } = await run(cli, ['workflow', 'show', '--output', 'json', ...where], { maxBuffer: 64 << 20 })
    const history = await withoutMachineInside(JSON.parse(stdout))
    await writeFile(new URL(`${name}.encrypted.json`, folder), `${JSON.stringify(history, undefined, 2)}\n`)
    process.stdout.write(`${name}: ${workflowId}\n`)
  }
} finally {
  await platform.stop()
  await upstream.stop()
}
