// Records one history of each way that a workflow can go, as the Temporal CLI exports it, for the replay test.
// Run it (`npm run record-histories`) only for a new workflow: the old histories are what a change must still replay.
import { execFile } from 'node:child_process'
import { writeFile } from 'node:fs/promises'
import { hostname } from 'node:os'
import { fileURLToPath } from 'node:url'
import { promisify } from 'node:util'
import { chatTurnWorkflowId } from '../../workflows/chat/messages.ts'
import { ingestWorkflowId } from '../../workflows/documents/messages.ts'
import { type ApiClient, signUp } from './api-client.ts'
import { makeHandbookPdf } from './documents.ts'
import { eventually } from './eventually.ts'
import { followDocumentToEnd, followTurnPersistently } from './follow.ts'
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
const withoutMachine = (history: string): string =>
  history.replaceAll(hostname(), 'host').replaceAll(fileURLToPath(new URL('../../', import.meta.url)), '')

const rejecting = {
  match: { endpoint: 'chat' as const, userMessage: 'reject this' },
  response: { status: 400, error: { message: 'no' } },
}
const upstream = await startMockUpstream({ fixtures: [rejecting] })
const platform = await startPlatformProcess({ env: { OPENAI_BASE_URL: upstream.baseUrl, OPENAI_API_KEY: 'mock' } })
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
    'rewrap-keys.completed': await rewrap(client),
  }
  const cli = await testTemporalCli()
  for (const [name, workflowId] of Object.entries(workflows)) {
    const where = ['--address', platform.run.temporalAddress, '--workflow-id', workflowId]
    const { stdout } = await run(cli, ['workflow', 'show', '--output', 'json', ...where], { maxBuffer: 64 << 20 })
    await writeFile(new URL(`${name}.json`, folder), withoutMachine(stdout))
    process.stdout.write(`${name}: ${workflowId}\n`)
  }
} finally {
  await platform.stop()
  await upstream.stop()
}
