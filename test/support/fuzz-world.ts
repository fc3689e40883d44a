// What fuzzing acts on: a user with resources that stay, resources that any request may delete or spoil, and an
// administrator, all made over the API of a running platform.
import { randomUUID } from 'node:crypto'
import { openDatabase } from '../../db/database.ts'
import { setUserRoles } from '../../db/auth/roles.ts'
import { type ApiClient, type Credentials, signIn, signUp } from './api-client.ts'
import { eventually } from './eventually.ts'
import { followDocumentToEnd, followToEnd } from './follow.ts'
import { mailsTo, tokenIn } from './outbox.ts'
import { platformDatabase } from './platform-database.ts'
import type { PlatformProcess } from './platform-process.ts'

export interface FuzzWorld {
  /** Who owns what stays, and who may do everything: a token lasts ten minutes, which all routes together outlast. */
  readonly accounts: { readonly client: Credentials; readonly administrator: Credentials }
  /** Ids by the name of the parameter or field that takes them. */
  readonly ids: Readonly<Record<string, readonly string[]>>
  /** The same, of what may be destroyed. */
  readonly expendableIds: Readonly<Record<string, readonly string[]>>
  /** Of sessions that may be ended. */
  readonly expendableTokens: readonly (string | undefined)[]
  /** Of mails to accounts that nothing else uses: each sets one password. */
  readonly linkTokens: readonly string[]
}

const expendables = 8

/** The embedded platform prints its administrator's password; on a given database a new account is promoted. */
export async function findAdministrator(platform: PlatformProcess): Promise<Credentials> {
  const { DATABASE_OWNER_URL: ownerUrl } = await platformDatabase(process.env, platform.dataDir)
  if (ownerUrl === undefined) {
    const [, email = '', password = ''] = await eventually(
      'the administrator’s password is printed',
      () => /E-mail +(\S+)\s+Password +(\S+)/.exec(platform.output()) ?? undefined,
    )
    return { email, password }
  }
  const client = await signUp(platform.run.apiUrl)
  const db = openDatabase({ url: ownerUrl, poolSize: 1 })
  try {
    await setUserRoles(db, { userId: client.userId, roles: ['admin'] })
  } finally {
    await db.close()
  }
  return client
}

/** Of the audit log: sealed ones and newer ones. */
async function findEvents(administrator: ApiClient): Promise<string[]> {
  const { body } = await administrator.get('/audit/events?limit=10')
  return (body['data'] as { id: string }[]).map(({ id }) => id)
}

const idOf = (answer: { readonly body: Record<string, { readonly id: string }> }, noun: string): string => {
  const made = answer.body[noun]
  if (made === undefined) throw new Error(`no ${noun}: ${JSON.stringify(answer.body)}`)
  return made.id
}

export async function makeResources(client: ApiClient, text: string) {
  const collectionId = idOf(await client.post('/collections', { name: 'Fuzz' }), 'collection')
  const file = { filename: 'a.txt', bytes: new TextEncoder().encode(text) }
  const documentId = idOf(await client.upload(file, { collectionId }), 'document')
  await followDocumentToEnd(client, documentId)
  const chatId = idOf(await client.post('/chats', { collectionIds: [collectionId] }), 'chat')
  const started = await client.post(`/chats/${chatId}/turns`, { content: 'What is in it?' })
  await followToEnd(client, started.body['eventsUrl'])
  const messages = (await client.get(`/chats/${chatId}/messages`)).body['data'] as { id: string; role: string }[]
  const parentMessageId = messages.find(({ role }) => role === 'assistant')?.id ?? randomUUID()
  const [notification] = (await client.get('/notifications?limit=1')).body['data'] as { id: string }[]
  const notificationId = notification?.id ?? randomUUID()
  return { collectionId, documentId, chatId, turnId: idOf(started, 'turn'), parentMessageId, notificationId }
}

/** Two versions of a secret. */
async function makeSecret(administrator: ApiClient): Promise<string> {
  const path = `fuzz/${randomUUID()}`
  const secretId = idOf(await administrator.post('/vault/secrets', { path, value: 'first' }), 'secret')
  await administrator.post(`/vault/secrets/${secretId}/versions`, { value: 'second' })
  return secretId
}

/** A tool whose calls wait for an approval, one such call of each of the two, and the policy that lets the first decide. */
async function makeTool(administrator: ApiClient, client: ApiClient) {
  const name = `fuzz_${randomUUID().replaceAll('-', '')}`
  const policy = { match: [name], approverRoles: ['admin'], quorum: 3, allowEdit: true }
  const policyId = idOf(await administrator.post('/approval-policies', policy), 'policy')
  const inputSchema = { type: 'object', properties: {}, additionalProperties: false }
  const body = { name, kind: 'http', description: 'Fuzz', inputSchema, config: { url: 'https://none.invalid/' } }
  const toolId = idOf(await administrator.post('/tools', body), 'tool')
  const executionId = idOf(await administrator.post(`/tools/${toolId}/execute`), 'execution')
  // Nobody decides on a request of their own.
  const asked = idOf(await client.post(`/tools/${toolId}/execute`), 'execution')
  const approvalId = await eventually('the call waits', async () => {
    const { execution } = (await client.get(`/tool-executions/${asked}`)).body
    return (execution.approvalId as string | null) ?? undefined
  })
  return { toolId, executionId, policyId, approvalId }
}

/** A session that may be ended, a key, and a role that nobody has. */
async function makeGrants(administrator: ApiClient, client: ApiClient & Credentials) {
  await signIn(client.apiUrl, client)
  const [session] = (await client.get('/auth/sessions?limit=1')).body['data'] as { id: string }[]
  const key = await client.post('/auth/api-keys', { name: 'Fuzz', scopes: ['chat:read'] })
  const name = `fuzz-${randomUUID().slice(0, 8)}`
  const role = await administrator.post('/roles', { name, permissions: ['chat:read'] })
  return { sessionId: session?.id ?? randomUUID(), keyId: idOf(key, 'apiKey'), roleId: idOf(role, 'role') }
}

interface Made {
  readonly list: readonly Awaited<ReturnType<typeof makeResources>>[]
  readonly userIds: readonly string[]
  readonly secretIds: readonly string[]
  readonly eventIds: readonly string[]
  readonly tools: readonly Awaited<ReturnType<typeof makeTool>>[]
  readonly grants: readonly Awaited<ReturnType<typeof makeGrants>>[]
}

const byName = ({ list, userIds, secretIds, eventIds, tools, grants }: Made): Record<string, readonly string[]> => {
  const of = (name: keyof (typeof list)[number]) => list.map((made) => made[name])
  return {
    collectionId: of('collectionId'),
    collectionIds: of('collectionId'),
    documentId: of('documentId'),
    documentIds: of('documentId'),
    attachmentIds: of('documentId'),
    chatId: of('chatId'),
    turnId: of('turnId'),
    parentMessageId: of('parentMessageId'),
    notificationId: of('notificationId'),
    after: of('documentId'),
    userId: userIds,
    eventId: eventIds,
    secretId: secretIds,
    toolId: tools.map(({ toolId }) => toolId),
    executionId: tools.map(({ executionId }) => executionId),
    policyId: tools.map(({ policyId }) => policyId),
    approvalId: tools.map(({ approvalId }) => approvalId),
    approverRoles: ['approver', 'admin'],
    sessionId: grants.map(({ sessionId }) => sessionId),
    keyId: grants.map(({ keyId }) => keyId),
    roleId: grants.map(({ roleId }) => roleId),
  }
}

async function makeLinkToken({ run, dataDir }: PlatformProcess): Promise<string> {
  const { email, ...client } = await signUp(run.apiUrl)
  await client.post('/auth/password/forgot', { email })
  const ask = async (): Promise<string | undefined> => (await mailsTo(dataDir, email))[0]
  return tokenIn(await eventually('the mail is in the outbox', ask))
}

export async function makeFuzzWorld(platform: PlatformProcess): Promise<FuzzWorld> {
  const { apiUrl } = platform.run
  const [client, other, ...victims] = await Promise.all([1, 2, 3, 4, 5, 6].map(() => signUp(apiUrl)))
  if (client === undefined || other === undefined) throw new Error('no users')
  const kept = [await makeResources(client, 'Kept.'), await makeResources(other, 'Somebody else’s.')]
  const spare: typeof kept = []
  for (let made = 0; made < expendables; made += 1) spare.push(await makeResources(client, `Spare ${made}.`))
  const userIds = victims.map(({ userId }) => userId)
  const sessions = await Promise.all([1, 2, 3, 4].map(() => signUp(apiUrl)))
  const administrator = await findAdministrator(platform)
  const keeper = await signIn(apiUrl, administrator)
  const secretIds: string[] = []
  const tools: Made['tools'][number][] = []
  const grants: Made['grants'][number][] = []
  for (let made = 0; made < expendables + 2; made += 1) {
    secretIds.push(await makeSecret(keeper))
    tools.push(await makeTool(keeper, client))
    grants.push(await makeGrants(keeper, client))
  }
  const eventIds = await findEvents(keeper)
  return {
    accounts: { client, administrator },
    ids: byName({
      list: kept,
      userIds,
      eventIds,
      secretIds: secretIds.slice(0, 2),
      tools: tools.slice(0, 2),
      grants: grants.slice(0, 2),
    }),
    expendableIds: byName({
      list: spare,
      userIds,
      eventIds,
      secretIds: secretIds.slice(2),
      tools: tools.slice(2),
      grants: grants.slice(2),
    }),
    linkTokens: await Promise.all([1, 2, 3, 4].map(() => makeLinkToken(platform))),
    expendableTokens: [...sessions.map(({ token }) => token), 'x', undefined],
  }
}
