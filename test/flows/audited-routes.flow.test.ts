// Every route that changes something, called once on a running platform: each call is one event, no more and no less. The
// table of routes is the list, so that a route that is added without a call here fails.
import { randomUUID } from 'node:crypto'
import { expect } from 'chai'
import { Client } from 'pg'
import { routes } from '../../api/routes.ts'
import { newId } from '../../db/ids.ts'
import { type ApiClient, createApiClient, signIn, signUp } from '../support/api-client.ts'
import { codeOf } from '../support/authenticator.ts'
import { eventually } from '../support/eventually.ts'
import { followDocumentToEnd, followToEnd } from '../support/follow.ts'
import { findAdministrator } from '../support/fuzz-world.ts'
import { mailsTo, tokenIn } from '../support/outbox.ts'
import { applicationDatabaseUrl } from '../support/platform-database.ts'
import { sharedPlatform } from '../support/shared-platform.ts'

/** They change nothing: what they answer is all that they do. */
const changingNothing: ReadonlySet<string> = new Set(['POST /search', 'POST /codec/encode', 'POST /codec/session'])

const nameOf = (route: { readonly method: string; readonly path: string }): string =>
  `${route.method.toUpperCase()} ${route.path}`
const changing = routes.filter(({ method }) => method !== 'get').map(nameOf)

interface Call {
  readonly body?: unknown
  readonly raw?: FormData
  readonly by?: ApiClient
}

describe('[A16] every route that changes something', function () {
  this.timeout(300_000)
  let database: Client
  let apiUrl: string
  let dataDir: string
  let administrator: ApiClient
  let user: ApiClient & { readonly userId: string; readonly email: string; readonly password: string }
  const called = new Set<string>()

  before(async () => {
    const platform = await sharedPlatform()
    apiUrl = platform.run.apiUrl
    dataDir = platform.dataDir
    database = new Client({ connectionString: applicationDatabaseUrl(process.env, platform.dataDir) })
    await database.connect()
    administrator = await signIn(apiUrl, await findAdministrator(platform))
    user = await signUp(apiUrl)
  })
  after(() => database?.end())

  /** What the log tells of a request. */
  async function eventsOf(requestId: string): Promise<string[]> {
    const sql = `select action from audit_events where leaf like '%"requestId":"' || $1 || '"%' order by id`
    const { rows } = await database.query<{ action: string }>(sql, [requestId])
    return rows.map(({ action }) => action)
  }

  /** Calls a route, whose parameters `ids` fills in; it must succeed and be told once. */
  async function call(name: string, ids: Record<string, string | number> = {}, { by = user, body, raw }: Call = {}) {
    const [method = '', pattern = ''] = name.split(' ')
    const path = pattern.replaceAll(/\{(\w+)\}/g, (_, key: string) => String(ids[key]))
    const requestId = `walk-${randomUUID()}`
    const options = { ...(body === undefined ? {} : { body }), ...(raw === undefined ? {} : { raw }) }
    const answer = await by.request(method, path, { ...options, headers: { 'x-request-id': requestId } })
    expect(answer.status, `${name}: ${JSON.stringify(answer.body)}`).to.be.within(200, 204)
    expect(await eventsOf(requestId), name).to.have.length(changingNothing.has(name) ? 0 : 1)
    called.add(name)
    return answer.body
  }

  const formOf = (text: string): FormData => {
    const form = new FormData()
    form.append('file', new Blob([text]), 'a.txt')
    return form
  }

  it('of accounts', async () => {
    const anonymous = createApiClient(apiUrl)
    const account = { email: `${randomUUID()}@example.org`, password: `correct horse ${randomUUID()}` }
    const made = await call('POST /auth/register', {}, { by: anonymous, body: { ...account, displayName: 'A' } })
    await call('POST /auth/login', {}, { by: anonymous, body: account })
    const { refreshToken } = await call('POST /auth/login', {}, { by: anonymous, body: account })
    const { accessToken } = await call('POST /auth/refresh', {}, { by: anonymous, body: { refreshToken } })
    const own = createApiClient(apiUrl, accessToken)
    const [, first] = (await own.get('/auth/sessions')).body['data']
    await call('DELETE /auth/sessions/{sessionId}', { sessionId: first.id }, { by: own })
    const key = { name: 'Walk', scopes: ['chat:read'] }
    const { apiKey } = await call('POST /auth/api-keys', {}, { by: own, body: key })
    await call('DELETE /auth/api-keys/{keyId}', { keyId: apiKey.id }, { by: own })
    await call('PATCH /auth/me', {}, { by: own, body: { displayName: 'B' } })
    const patch = { displayName: 'C', roles: ['user', 'auditor'] }
    await call('PATCH /users/{userId}', { userId: made['user'].id }, { by: administrator, body: patch })
    await call('POST /auth/logout', {}, { by: own })
  })

  it('of passwords, second factors and identities', async () => {
    const anonymous = createApiClient(apiUrl)
    const invited = { email: `${randomUUID()}@example.org`, displayName: 'A' }
    const { user: made } = await call('POST /users', {}, { by: administrator, body: invited })
    const { email } = invited
    await call('POST /auth/password/forgot', {}, { by: anonymous, body: { email } })
    const [mail = ''] = await eventually('a mail is there', async () => {
      const mails = await mailsTo(dataDir, email)
      return mails.length > 0 && mails
    })
    const first = { token: tokenIn(mail), newPassword: `correct horse ${randomUUID()}` }
    await call('POST /auth/password/reset', {}, { by: anonymous, body: first })
    const signedIn = (password: string) => signIn(apiUrl, { email, password })
    const change = { currentPassword: first.newPassword, newPassword: `correct horse ${randomUUID()}` }
    await call('POST /auth/password', {}, { by: await signedIn(first.newPassword), body: change })
    const own = await signedIn(change.newPassword)
    const { secret } = await call('POST /auth/totp', {}, { by: own })
    const confirmation = { code: codeOf(secret, Date.now()) }
    const { recoveryCodes } = await call('POST /auth/totp/confirm', {}, { by: own, body: confirmation })
    await call('DELETE /auth/totp', {}, { by: own, body: { code: recoveryCodes[0] } })
    await own.post('/auth/totp')
    await call('DELETE /users/{userId}/totp', { userId: made.id }, { by: administrator })
    const identity = [randomUUID(), made.id]
    await database.query(`insert into oidc_identities (issuer, subject, user_id) values ('walk', $1, $2)`, identity)
    await call('DELETE /users/{userId}/identities', { userId: made.id }, { by: administrator })
  })

  it('of roles and services', async () => {
    const by = administrator
    const name = `walk-${randomUUID().slice(0, 8)}`
    const { role } = await call('POST /roles', {}, { by, body: { name, permissions: ['chat:read'] } })
    const roleId = role.id
    await call('PATCH /roles/{roleId}', { roleId }, { by, body: { permissions: [] } })
    await call('DELETE /roles/{roleId}', { roleId }, { by })
    const { userId } = await signUp(apiUrl)
    await by.request('PATCH', `/users/${userId}`, { body: { roles: ['service'] } })
    const key = { name: 'Robot', scopes: ['chat:read'] }
    const { apiKey } = await call('POST /users/{userId}/api-keys', { userId }, { by, body: key })
    await call('DELETE /users/{userId}/api-keys/{keyId}', { userId, keyId: apiKey.id }, { by })
  })

  it('of chats and turns', async () => {
    const { chat } = await call('POST /chats', {}, { body: { title: 'A' } })
    const chatId = chat.id
    await call('PATCH /chats/{chatId}', { chatId }, { body: { title: 'B' } })
    const first = await call('POST /chats/{chatId}/turns', { chatId }, { body: { content: 'hello' } })
    await followToEnd(user, first['eventsUrl'])
    const again = await call('POST /chats/{chatId}/turns/{turnId}/retry', { chatId, turnId: first['turn'].id })
    await followToEnd(user, again['eventsUrl'])
    const waiting = await startWaitingTurn()
    await call('POST /chats/{chatId}/turns/{turnId}/cancel', waiting)
    await call('DELETE /chats/{chatId}', { chatId })
  })

  /** A turn that doesn't end by itself: what it calls waits for an approval. */
  async function startWaitingTurn(): Promise<{ chatId: string; turnId: string }> {
    const tools = (await administrator.get('/tools?limit=100')).body['data'] as { id: string; name: string }[]
    const toolIds = tools.filter(({ name }) => name === 'http_request').map(({ id }) => id)
    const { chat } = (await user.post('/chats', { toolIds, model: 'offline/extractive' })).body
    const content = '/http_request {"method":"POST","url":"https://none.invalid/"}'
    const { turn } = (await user.post(`/chats/${chat.id}/turns`, { content })).body
    return { chatId: chat.id, turnId: turn.id }
  }

  it('of collections, documents and notifications', async () => {
    const other = await signUp(apiUrl)
    const { collection } = await call('POST /collections', {}, { body: { name: 'A' } })
    const collectionId = collection.id
    await call('PATCH /collections/{collectionId}', { collectionId }, { body: { name: 'B' } })
    const member = { collectionId, userId: other.userId }
    await call('PUT /collections/{collectionId}/members/{userId}', member, { body: { role: 'reader' } })
    await call('DELETE /collections/{collectionId}/members/{userId}', member)
    await call('DELETE /collections/{collectionId}', { collectionId })

    const { document } = await call('POST /documents', {}, { raw: formOf(`Text ${randomUUID()}.`) })
    const documentId = document.id
    await followDocumentToEnd(user, documentId)
    await call('PATCH /documents/{documentId}', { documentId }, { body: { title: 'B' } })
    await call('POST /documents/{documentId}/reindex', { documentId })
    await followDocumentToEnd(user, documentId)
    await call('POST /search', {}, { body: { query: 'text' } })
    await call('DELETE /documents/{documentId}', { documentId })

    const told = await eventually('both readings of the document were told of', async () => {
      const { data } = (await user.get('/notifications')).body
      return data.length >= 2 && data
    })
    const notificationId = told[0].id
    await call('PATCH /notifications/{notificationId}', { notificationId }, { body: { read: true } })
    await call('POST /notifications/read-all')
  })

  it('of the vault', async () => {
    const by = administrator
    const created = await call('POST /vault/secrets', {}, { by, body: { path: `walk/${randomUUID()}`, value: 'one' } })
    const secretId = created['secret'].id
    const version = { secretId, version: 1 }
    await call('PATCH /vault/secrets/{secretId}', { secretId }, { by, body: { description: 'B' } })
    await call('POST /vault/secrets/{secretId}/versions', { secretId }, { by, body: { value: 'two' } })
    await call('POST /vault/secrets/{secretId}/versions/{version}/delete', version, { by })
    await call('POST /vault/secrets/{secretId}/versions/{version}/undelete', version, { by })
    await call('POST /vault/secrets/{secretId}/versions/{version}/destroy', version, { by })
    const policy = { rotator: 'random', everySeconds: 3_600, graceSeconds: 0 }
    await call('PUT /vault/secrets/{secretId}/rotation-policy', { secretId }, { by, body: policy })
    await call('POST /vault/secrets/{secretId}/rotate', { secretId }, { by })
    await eventually('the rotation has ended', async () => {
      const { data } = (await by.get(`/vault/secrets/${secretId}/rotations`)).body
      return data[0].endedAt !== null
    })
    const rotationId = newId()
    await database.query(
      `insert into secret_rotations (id, secret_id, rotator, config, grace_seconds, trigger, state)
       select $1, $2, rotator, config, grace_seconds, trigger, 'in_doubt' from secret_rotations where secret_id = $2 limit 1`,
      [rotationId, secretId],
    )
    await call('POST /vault/secrets/{secretId}/rotations/{rotationId}/probe', { secretId, rotationId }, { by })
    await call('DELETE /vault/secrets/{secretId}/rotation-policy', { secretId }, { by })

    const second = await by.post('/vault/secrets', { path: `walk/${randomUUID()}`, value: 'one' })
    const ended = { secretId: second.body['secret'].id }
    await call('DELETE /vault/secrets/{secretId}', ended, { by })
    await call('POST /vault/secrets/{secretId}/restore', ended, { by })
    await by.request('DELETE', `/vault/secrets/${ended.secretId}`)
    await call('POST /vault/secrets/{secretId}/purge', ended, { by })
    await call('POST /vault/keys/rotate', {}, { by })
    await call('POST /vault/keys/rewrap', {}, { by })
  })

  async function makeApprover() {
    const person = await signUp(apiUrl)
    await administrator.request('PATCH', `/users/${person.userId}`, { body: { roles: ['user', 'approver'] } })
    return person
  }

  async function callApprovals(executionId: string): Promise<void> {
    const [one, other] = [await makeApprover(), await makeApprover()]
    const approvalId = await eventually('the approval is there', async () => {
      const { data } = (await one.get('/approvals?status=pending&limit=100')).body
      return (data as { id: string; executionId: string }[]).find((found) => found.executionId === executionId)?.id
    })
    const decision = { decision: 'approve' }
    await call('POST /approvals/{approvalId}/token', { approvalId }, { by: one, body: decision })
    await call('POST /approvals/{approvalId}/delegate', { approvalId }, { by: one, body: { userId: other.userId } })
    await call('POST /approvals/{approvalId}/decide', { approvalId }, { by: other, body: decision })
  }

  it('of tools, their runs and the policies of approvals', async () => {
    const by = administrator
    const policy = { match: ['walk_*'], approverRoles: ['approver'] }
    const { policy: made } = await call('POST /approval-policies', {}, { by, body: policy })
    const policyId = made.id
    await call('PATCH /approval-policies/{policyId}', { policyId }, { by, body: { quorum: 2 } })
    const inputSchema = { type: 'object', properties: {}, additionalProperties: false }
    const config = { url: 'https://none.invalid/' }
    const body = { name: `walk_${Date.now()}`, kind: 'http', description: 'Walk', inputSchema, config }
    const { tool } = await call('POST /tools', {}, { by, body })
    const toolId = tool.id
    await call('PATCH /tools/{toolId}', { toolId }, { by, body: { description: 'B' } })
    const { execution } = await call('POST /tools/{toolId}/execute', { toolId }, { body: { arguments: {} } })
    await callApprovals(execution.id)
    // One voice of two leaves it waiting, so that it can be cancelled.
    await call('POST /tool-executions/{executionId}/cancel', { executionId: execution.id })
    await call('DELETE /tools/{toolId}', { toolId }, { by })
    await call('DELETE /approval-policies/{policyId}', { policyId }, { by })
  })

  it('of operations', async () => {
    const by = administrator
    await call('POST /audit/seal', {}, { by })
    const { payloads } = await call('POST /codec/encode', {}, { by, body: { payloads: [{ data: 'e30=' }] } })
    await call('POST /codec/decode', {}, { by, body: { payloads } })
    await call('POST /codec/session', {}, { by })
  })

  it('is among these', () => {
    expect([...called]).to.have.members(changing)
  })
})
