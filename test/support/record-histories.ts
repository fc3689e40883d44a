// Records one history of each way that a workflow can go, as the Temporal CLI exports it, for the replay test,
// with its payloads under the key of the tests.
// It is run for a new workflow, with the names of its histories (`npm run record-histories -- seal-audit.completed`): old
// ones are what a change must still replay, and are never written again.
import { execFile } from 'node:child_process'
import { randomUUID } from 'node:crypto'
import { writeFile } from 'node:fs/promises'
import { hostname } from 'node:os'
import { fileURLToPath } from 'node:url'
import { promisify } from 'node:util'
import { JSONToPayload, type JSONPayload, payloadToJSON } from '@temporalio/common/lib/proto-utils.js'
import { createPlatformKeys, parseKeys } from '../../platform/keys.ts'
import { createPayloadCodec, isEncrypted } from '../../platform/temporal/payload-codec.ts'
import { chatTurnWorkflowId } from '../../workflows/chat/messages.ts'
import { ingestWorkflowId } from '../../workflows/documents/messages.ts'
import { rotationWorkflowId } from '../../workflows/vault/messages.ts'
import { type ApiClient, type Credentials, signIn, signUp } from './api-client.ts'
import { makeHandbookPdf } from './documents.ts'
import { eventually } from './eventually.ts'
import { followDocumentToEnd, followTurnPersistently } from './follow.ts'
import { findAdministrator } from './fuzz-world.ts'
import { historyKey } from './history-key.ts'
import { startMockUpstream } from './mock-upstream.ts'
import { startPlatformProcess } from './platform-process.ts'
import { testTemporalCli } from './temporal-cli.ts'
import { startToolCallHistories } from './tool-call-histories.ts'
import { startWebhookTarget } from './webhook-target.ts'

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

/** Resolves once it has sealed. */
async function seal(administrator: ApiClient): Promise<string> {
  const { status, body } = await administrator.post('/audit/seal')
  if (status !== 202) throw new Error(JSON.stringify(body))
  await temporal('workflow', 'result', '--workflow-id', body['workflowId'])
  return body['workflowId']
}

/** Resolves once the mail is out. */
async function mailPassword(client: ApiClient & Credentials): Promise<string> {
  await client.post('/auth/password/forgot', { email: client.email })
  return byTheClock('sendPasswordMail')
}

/** Some values under an old key, and the work that brings them under a new one. */
async function rewrap(administrator: ApiClient): Promise<string> {
  for (const path of ['one', 'two', 'three']) await administrator.post('/vault/secrets', { path, value: path })
  await administrator.post('/vault/keys/rotate')
  const { workflowId } = (await administrator.post('/vault/keys/rewrap')).body
  await eventually('the rewrap ends', async () => {
    const { staleVersions } = (await administrator.get('/vault/status')).body
    return staleVersions === 0
  })
  return workflowId
}

const longAway = { everySeconds: 1_000_000 }
const unreachable = { host: '127.0.0.1', port: 1, tls: false, username: 'app', administrator: 'secret://administrator' }

async function rotatedSecret(
  administrator: ApiClient,
  policy: object,
  destinations: readonly string[] = [],
): Promise<string> {
  const created = { path: `rotated/${randomUUID()}`, value: 'first', destinations }
  const { secret } = (await administrator.post('/vault/secrets', created)).body
  const { status } = await administrator.request('PUT', `/vault/secrets/${secret.id}/rotation-policy`, { body: policy })
  if (status !== 200) throw new Error(`The policy was refused with ${status}.`)
  return secret.id
}

/** Resolves once it has ended. */
async function rotate(administrator: ApiClient, policy: object): Promise<string> {
  const secretId = await rotatedSecret(administrator, policy)
  await administrator.post(`/vault/secrets/${secretId}/rotate`)
  const workflowId = rotationWorkflowId(secretId)
  // A rotation that is rolled back ends with a failure, of which the command tells in its own way.
  await temporal('workflow', 'result', '--workflow-id', workflowId).catch(() => undefined)
  return workflowId
}

const putWebhookPolicy = async (administrator: ApiClient): Promise<string> => {
  const destinations = [new URL(webhook.url).origin]
  const path = `signing/${randomUUID()}`
  await administrator.post('/vault/secrets', { path, value: webhook.signingSecret, destinations })
  webhook.reset('first')
  const config = { url: webhook.url, signingSecret: `secret://${path}` }
  return rotatedSecret(administrator, { rotator: 'webhook', ...longAway, config }, destinations)
}

const stateOf = async (administrator: ApiClient, secretId: string) =>
  (await administrator.get(`/vault/secrets/${secretId}/rotations`)).body['data'][0]

/** One whose target refuses the new value and goes on with the old; at first nobody can ask it which, if `inDoubt`. */
async function rollBack(administrator: ApiClient, { inDoubt }: { readonly inDoubt: boolean }): Promise<string> {
  const secretId = await putWebhookPolicy(administrator)
  if (inDoubt) webhook.refuse(500, ['set', 'probe'])
  else webhook.refuse(409, ['set'])
  await administrator.post(`/vault/secrets/${secretId}/rotate`)
  if (inDoubt) {
    const doubted = async () => {
      const { id, state } = await stateOf(administrator, secretId)
      return state === 'in_doubt' ? id : undefined
    }
    const rotationId = await eventually('it is in doubt', doubted, 60_000)
    webhook.refuse(500, [])
    await administrator.post(`/vault/secrets/${secretId}/rotations/${rotationId}/probe`)
  }
  await eventually('it has ended', async () => (await stateOf(administrator, secretId)).endedAt !== null, 60_000)
  const workflowId = rotationWorkflowId(secretId)
  await temporal('workflow', 'result', '--workflow-id', workflowId).catch(() => undefined)
  return workflowId
}

/** One that a schedule, or a request, has started: the first that is there. */
async function byTheClock(type: string): Promise<string> {
  const query = `WorkflowType = '${type}' and ExecutionStatus = 'Completed'`
  return eventually(
    `${type} has run`,
    async () => {
      const found = JSON.parse(await temporal('workflow', 'list', '--output', 'json', '--query', query)) as {
        execution: { workflowId: string }
      }[]
      return found[0]?.execution.workflowId
    },
    120_000,
  )
}

async function rotateByTheClock(administrator: ApiClient): Promise<string> {
  await rotatedSecret(administrator, { rotator: 'random', everySeconds: 1 })
  return byTheClock('scheduledRotation')
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
    const payload = JSONToPayload(value as JSONPayload)
    // Search attributes stay in the clear.
    if (!isEncrypted(payload)) return value
    const [opened] = await codec.decode([payload])
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
const webhook = await startWebhookTarget()
const toolCalls = await startToolCallHistories()
const platform = await startPlatformProcess({
  env: {
    OPENAI_BASE_URL: upstream.baseUrl,
    OPENAI_API_KEY: 'mock',
    CDSA_PLATFORM_KEY: historyKey,
    CDSA_EGRESS_ALLOW: `${webhook.place},${toolCalls.place}`,
    CDSA_ROTATION_TIMEOUT_MS: '3000',
  },
})
const cli = await testTemporalCli()
/** What the command prints. */
async function temporal(...command: string[]): Promise<string> {
  const { stdout } = await run(cli, [...command, '--address', platform.run.temporalAddress], { maxBuffer: 64 << 20 })
  return stdout
}

try {
  const { apiUrl } = platform.run
  const client = await signUp(apiUrl)
  const administrator = await signIn(apiUrl, await findAdministrator(platform))
  const pdf = await makeHandbookPdf()
  const workflows: Readonly<Record<string, () => Promise<string>>> = {
    'chat-turn.completed': () => runTurn(client, 'hello'),
    'chat-turn.failed': () => runTurn(client, 'reject this'),
    'chat-turn.cancelled': () => runTurn(client, 'count slowly', 25),
    'ingest-document.completed': () => ingest(client, 'handbook.pdf', pdf),
    'ingest-document.failed': () => ingest(client, 'cut.pdf', pdf.subarray(0, 700)),
    'ingest-document.long': async () => ingest(client, 'long.pdf', await makeHandbookPdf({ copies: 30 })),
    'rewrap-keys.completed': () => rewrap(administrator),
    'seal-audit.completed': () => seal(administrator),
    'send-password-mail.completed': () => mailPassword(client),
    'rotate-secret.completed': () => rotate(administrator, { rotator: 'random', ...longAway }),
    'rotate-secret.failed': () => rotate(administrator, { rotator: 'redis-acl', ...longAway, config: unreachable }),
    'rotate-secret.rolled-back': () => rollBack(administrator, { inDoubt: false }),
    'rotate-secret.doubted': () => rollBack(administrator, { inDoubt: true }),
    'scheduled-rotation.completed': () => rotateByTheClock(administrator),
    'reconcile-schedules.completed': () => byTheClock('reconcileSchedules'),
    ...toolCalls.workflowsOf(client, administrator),
  }
  for (const name of process.argv.slice(2)) {
    const work = workflows[name]
    if (work === undefined) throw new Error(`There is no ${name}: name some of ${Object.keys(workflows).join(', ')}.`)
    const workflowId = await work()
    // What it tells of its end comes before it has ended; one that was cancelled or failed has no result.
    await temporal('workflow', 'result', '--workflow-id', workflowId).catch(() => undefined)
    const shown = await temporal('workflow', 'show', '--output', 'json', '--workflow-id', workflowId)
    const history = await withoutMachineInside(JSON.parse(shown))
    const file = new URL(`${name}.encrypted.json`, folder)
    await writeFile(file, `${JSON.stringify(history, undefined, 2)}\n`, { flag: 'wx' })
    process.stdout.write(`${name}: ${workflowId}\n`)
  }
} finally {
  await platform.stop()
  await upstream.stop()
  await webhook.stop()
  await toolCalls.stop()
}
