// One successful call of every route that changes something, by its method and path, after what it takes to succeed. A
// route is added to the table together with its call here: the walk over the table asks for it.
import { randomUUID } from 'node:crypto'
import { createTurn } from '../../db/chat/turns.ts'
import type { Db } from '../../db/database.ts'
import { newId } from '../../db/ids.ts'
import { createNotifications } from '../../db/notifications/notifications.ts'
import { type ApiClient, type Credentials, type RequestOptions, createApiClient, signIn, signUp } from './api-client.ts'
import { eventually } from './eventually.ts'
import { followDocumentToEnd, followToEnd } from './follow.ts'
import { someNotification } from './notification-apis.ts'

export interface AuditedWorld {
  readonly apiUrl: string
  readonly user: ApiClient & Credentials & { readonly userId: string }
  readonly administrator: ApiClient
  /** As the application connects. */
  readonly db: Db
}

/** The call itself, ready to be sent. */
export interface AuditedCall extends Pick<RequestOptions, 'body' | 'raw'> {
  readonly client: ApiClient
  readonly path: string
}

type Prepare = (world: AuditedWorld) => Promise<AuditedCall>

const password = 'correct horse battery'
const idOf = (body: Record<string, { readonly id: string }>, noun: string): string => {
  const made = body[noun]
  if (made === undefined) throw new Error(`no ${noun}: ${JSON.stringify(body)}`)
  return made.id
}

const newChat = async ({ user }: AuditedWorld): Promise<string> => idOf((await user.post('/chats')).body, 'chat')

async function endedTurn(world: AuditedWorld): Promise<string> {
  const chatId = await newChat(world)
  const { body } = await world.user.post(`/chats/${chatId}/turns`, { content: 'hello' })
  await followToEnd(world.user, body['eventsUrl'])
  return `/chats/${chatId}/turns/${idOf(body, 'turn')}`
}

/** One that no workflow drives. */
async function queuedTurn(world: AuditedWorld): Promise<string> {
  const chatId = await newChat(world)
  const given = { turnId: newId(), chatId, userId: world.user.userId, content: 'hello', attachmentIds: [] }
  const { id } = await createTurn(world.db, { ...given, defaultModel: 'none' })
  return `/chats/${chatId}/turns/${id}`
}

const newCollection = async ({ user }: AuditedWorld): Promise<string> =>
  `/collections/${idOf((await user.post('/collections', { name: 'Audited' })).body, 'collection')}`

async function newMember(world: AuditedWorld): Promise<string> {
  const member = `${await newCollection(world)}/members/${(await signUp(world.apiUrl)).userId}`
  await world.user.request('PUT', member, { body: { role: 'reader' } })
  return member
}

async function indexedDocument({ user }: AuditedWorld): Promise<string> {
  const bytes = Buffer.from(`High water is at noon: ${randomUUID()}.`)
  const id = idOf((await user.upload({ filename: 'tide.txt', bytes })).body, 'document')
  await followDocumentToEnd(user, id)
  return `/documents/${id}`
}

async function newNotification({ db, user }: AuditedWorld): Promise<string> {
  await db.transaction((tx) =>
    createNotifications(tx, { ...someNotification(randomUUID()), kind: 'document.indexed', userIds: [user.userId] }),
  )
  const { data } = (await user.get('/notifications?unread=true&limit=1')).body as { data: { id: string }[] }
  return `/notifications/${data[0]?.id}`
}

const secretBody = () => ({ path: `audited/${randomUUID()}`, value: 'a value' })

const newSecret = async ({ administrator }: AuditedWorld): Promise<string> =>
  `/vault/secrets/${idOf((await administrator.post('/vault/secrets', secretBody())).body, 'secret')}`

async function deletedSecret(world: AuditedWorld): Promise<string> {
  const secret = await newSecret(world)
  await world.administrator.request('DELETE', secret)
  return secret
}

const policy = { rotator: 'random', everySeconds: 1_000_000 }

async function rotatedSecret(world: AuditedWorld): Promise<string> {
  const secret = await newSecret(world)
  const { status, body } = await world.administrator.request('PUT', `${secret}/rotation-policy`, { body: policy })
  if (status !== 200) throw new Error(JSON.stringify(body))
  return secret
}

/** A rotation that no workflow drives. */
async function doubtfulRotation(world: AuditedWorld): Promise<string> {
  const secret = await rotatedSecret(world)
  const id = newId()
  await world.db.execute(
    `insert into secret_rotations (id, secret_id, rotator, config, grace_seconds, trigger, state)
     select $1, secret_id, rotator, config, grace_seconds, 'manual', 'in_doubt' from secret_rotation_policies
     where secret_id = $2`,
    [id, secret.split('/').at(-1)],
  )
  return `${secret}/rotations/${id}`
}

const ofUser =
  (prepare: (world: AuditedWorld) => Promise<string>, body?: unknown): Prepare =>
  async (world) => ({ client: world.user, path: await prepare(world), body })

const ofAdministrator =
  (prepare: (world: AuditedWorld) => Promise<string>, body?: unknown): Prepare =>
  async (world) => ({ client: world.administrator, path: await prepare(world), body })

const at = (path: string) => () => Promise.resolve(path)
const below = (prepare: (world: AuditedWorld) => Promise<string>, rest: string) => async (world: AuditedWorld) =>
  `${await prepare(world)}${rest}`

const ofAccounts: Readonly<Record<string, Prepare>> = {
  'POST /auth/register': async ({ apiUrl }) => ({
    client: createApiClient(apiUrl),
    path: '/auth/register',
    body: { email: `user-${randomUUID()}@example.org`, password, displayName: 'Audited' },
  }),
  'POST /auth/login': async ({ apiUrl, user }) => ({
    client: createApiClient(apiUrl),
    path: '/auth/login',
    body: { email: user.email, password: user.password },
  }),
  'POST /auth/logout': async ({ apiUrl, user }) => ({ client: await signIn(apiUrl, user), path: '/auth/logout' }),
  'PATCH /auth/me': ofUser(at('/auth/me'), { displayName: 'Audited' }),
  'PATCH /users/{userId}': ofAdministrator(async ({ user }) => `/users/${user.userId}`, { displayName: 'By another' }),
}

const ofChats: Readonly<Record<string, Prepare>> = {
  'POST /chats': ofUser(at('/chats'), {}),
  'PATCH /chats/{chatId}': ofUser(async (world) => `/chats/${await newChat(world)}`, { title: 'Audited' }),
  'DELETE /chats/{chatId}': ofUser(async (world) => `/chats/${await newChat(world)}`),
  'POST /chats/{chatId}/turns': ofUser(async (world) => `/chats/${await newChat(world)}/turns`, { content: 'hello' }),
  'POST /chats/{chatId}/turns/{turnId}/cancel': ofUser(below(queuedTurn, '/cancel')),
  'POST /chats/{chatId}/turns/{turnId}/retry': ofUser(below(endedTurn, '/retry')),
  'PATCH /notifications/{notificationId}': ofUser(newNotification, { read: true }),
  'POST /notifications/read-all': async (world) => {
    await newNotification(world)
    return { client: world.user, path: '/notifications/read-all' }
  },
}

const ofDocuments: Readonly<Record<string, Prepare>> = {
  'POST /collections': ofUser(at('/collections'), { name: 'Audited' }),
  'PATCH /collections/{collectionId}': ofUser(newCollection, { description: 'Audited' }),
  'DELETE /collections/{collectionId}': ofUser(newCollection),
  'PUT /collections/{collectionId}/members/{userId}': ofUser(newMember, { role: 'editor' }),
  'DELETE /collections/{collectionId}/members/{userId}': ofUser(newMember),
  'POST /documents': async ({ user }) => {
    const raw = new FormData()
    raw.append('file', new Blob([`Low water is at six: ${randomUUID()}.`]), 'tide.txt')
    return { client: user, path: '/documents', raw }
  },
  'PATCH /documents/{documentId}': ofUser(indexedDocument, { title: 'Audited' }),
  'DELETE /documents/{documentId}': ofUser(indexedDocument),
  'POST /documents/{documentId}/reindex': ofUser(below(indexedDocument, '/reindex')),
}

const version = '/vault/secrets/{secretId}/versions/{version}'

const ofVault: Readonly<Record<string, Prepare>> = {
  'POST /vault/secrets': async ({ administrator }) => ({
    client: administrator,
    path: '/vault/secrets',
    body: secretBody(),
  }),
  'PATCH /vault/secrets/{secretId}': ofAdministrator(newSecret, { description: 'Audited' }),
  'DELETE /vault/secrets/{secretId}': ofAdministrator(newSecret),
  'POST /vault/secrets/{secretId}/restore': ofAdministrator(below(deletedSecret, '/restore')),
  'POST /vault/secrets/{secretId}/purge': ofAdministrator(below(deletedSecret, '/purge')),
  'GET /vault/secrets/{secretId}/value': ofAdministrator(below(newSecret, '/value')),
  'POST /vault/secrets/{secretId}/versions': ofAdministrator(below(newSecret, '/versions'), { value: 'another' }),
  [`POST ${version}/delete`]: ofAdministrator(below(newSecret, '/versions/1/delete')),
  [`POST ${version}/destroy`]: ofAdministrator(below(newSecret, '/versions/1/destroy')),
  [`POST ${version}/undelete`]: ofAdministrator(async (world) => {
    const secret = await newSecret(world)
    await world.administrator.post(`${secret}/versions/1/delete`)
    return `${secret}/versions/1/undelete`
  }),
  'POST /vault/keys/rotate': ofAdministrator(at('/vault/keys/rotate')),
  'POST /vault/keys/rewrap': ofAdministrator(at('/vault/keys/rewrap')),
  'PUT /vault/secrets/{secretId}/rotation-policy': ofAdministrator(below(newSecret, '/rotation-policy'), policy),
  'DELETE /vault/secrets/{secretId}/rotation-policy': ofAdministrator(below(rotatedSecret, '/rotation-policy')),
  'POST /vault/secrets/{secretId}/rotate': ofAdministrator(below(rotatedSecret, '/rotate')),
  'POST /vault/secrets/{secretId}/rotations/{rotationId}/probe': ofAdministrator(below(doubtfulRotation, '/probe')),
}

const ofOperations: Readonly<Record<string, Prepare>> = {
  'POST /audit/seal': ofAdministrator(at('/audit/seal')),
  'GET /audit/export': ofAdministrator(async ({ administrator }) => {
    await administrator.post('/audit/seal')
    const latest = async () => (await administrator.get('/audit/checkpoints/latest')).status === 200
    await eventually('there is a checkpoint', latest)
    return '/audit/export'
  }),
  'POST /codec/decode': ofAdministrator(at('/codec/decode'), { payloads: [] }),
}

export const auditedCalls: Readonly<Record<string, Prepare>> = {
  ...ofAccounts,
  ...ofChats,
  ...ofDocuments,
  ...ofVault,
  ...ofOperations,
}
