// API keys over HTTP: what a key may do is never more than its owner may at that moment, and what a person must decide no key does.
import { setTimeout as delay } from 'node:timers/promises'
import { expect } from 'chai'
import { createApiKey } from '../../../db/auth/api-keys.ts'
import { newId } from '../../../db/ids.ts'
import { appErrorOf } from '../../support/app-error-of.ts'
import { eventually } from '../../support/eventually.ts'
import { type ApiClient, createApiClient } from '../../support/api-client.ts'
import { type SignInServer, startSignInServer } from '../../support/sign-in-server.ts'

interface MadeKey {
  readonly id: string
  readonly client: ApiClient
  readonly key: string
}

describe('API keys', () => {
  let server: SignInServer
  before(async function () {
    this.timeout(60_000)
    server = await startSignInServer()
  })
  after(() => server.stop())

  async function makeKey(owner: ApiClient, scopes: readonly string[], more: object = {}): Promise<MadeKey> {
    const made = await owner.post('/auth/api-keys', { name: 'CI', scopes, ...more })
    expect(made.status, JSON.stringify(made.body)).to.equal(201)
    const { apiKey, key } = made.body as { apiKey: { id: string }; key: string }
    return { id: apiKey.id, key, client: createApiClient(server.url, key) }
  }

  it('act for their owner with what their scopes name, and are shown once', async () => {
    const owner = await server.clientWith('admin')
    const { client, key, id } = await makeKey(owner, ['user:read', 'chat:read'])
    expect(key).to.match(/^cdsa_[0-9a-f-]{36}_[A-Za-z0-9_-]{43}$/)
    expect((await client.get('/auth/me')).body['user'].id).to.equal(owner.userId)
    expect((await client.get('/users')).status).to.equal(200)
    expect((await client.request('PATCH', `/users/${owner.userId}`, { body: { displayName: 'X' } })).status).to.equal(
      403,
    )
    const { data } = (await owner.get('/auth/api-keys')).body
    expect(data).to.have.length(1)
    expect(data[0]).to.include({ id, name: 'CI', expiresAt: null })
    expect(data[0].scopes).to.deep.equal(['chat:read', 'user:read'])
    const [row] = await server.database.owner.query<{ row: string }>(
      'select k::text as row from api_keys k where id = $1',
      [id],
    )
    expect(row?.row).to.not.include(key.slice(-43))
  })

  it('[S14] name no scope that their owner lacks', async () => {
    const owner = await server.clientWith('user')
    const refused = await owner.post('/auth/api-keys', { name: 'CI', scopes: ['chat:read', 'user:write'] })
    expect(refused.status).to.equal(403)
    expect(refused.body).to.include({ code: 'auth.grant_exceeded' })
    expect(refused.body['errors']).to.deep.equal([{ path: 'scopes.1', message: 'is a permission that you don’t have' }])
    expect((await owner.get('/auth/api-keys')).body['data']).to.deep.equal([])
  })

  it('[S14] lose on the next request what their owner loses, and have it again with them', async () => {
    const administrator = await server.clientWith('admin')
    const owner = await server.clientWith('admin')
    const { client } = await makeKey(owner, ['user:read'])
    const setRoles = (roles: readonly string[]) =>
      administrator.request('PATCH', `/users/${owner.userId}`, { body: { roles } })
    expect((await client.get('/users')).status).to.equal(200)
    expect((await client.get('/users')).status, 'remembered').to.equal(200)
    await setRoles(['user'])
    expect((await client.get('/users')).status).to.equal(403)
    await setRoles(['admin'])
    expect((await client.get('/users')).status).to.equal(200)
    await administrator.request('PATCH', `/users/${owner.userId}`, { body: { disabled: true } })
    expect((await client.get('/users')).status).to.equal(401)
  })

  it('[S14] make no key, change no account of their owner, end no session', async () => {
    const owner = await server.clientWith('admin')
    const { client, id } = await makeKey(owner, ['user:read', 'user:write'])
    const calls = [
      client.post('/auth/api-keys', { name: 'More', scopes: ['user:read'] }),
      client.get('/auth/api-keys'),
      client.request('DELETE', `/auth/api-keys/${id}`),
      client.request('PATCH', '/auth/me', { body: { displayName: 'X' } }),
      client.get('/auth/sessions'),
      client.post('/auth/logout'),
    ]
    for (const { status, body } of await Promise.all(calls)) {
      expect(status).to.equal(403)
      expect(body).to.include({ code: 'auth.session_required' })
    }
  })

  it('end at once when they are deleted, and by themselves', async () => {
    const owner = await server.clientWith('user')
    const stranger = await server.clientWith('admin')
    const { client, id } = await makeKey(owner, ['chat:read'])
    expect((await client.get('/auth/me')).status).to.equal(200)
    expect((await stranger.request('DELETE', `/auth/api-keys/${id}`)).status, 'somebody else’s').to.equal(404)
    expect((await client.get('/auth/me')).status).to.equal(200)
    expect((await owner.request('DELETE', `/auth/api-keys/${id}`)).status).to.equal(204)
    expect((await client.get('/auth/me')).status).to.equal(401)
    expect((await owner.request('DELETE', `/auth/api-keys/${id}`)).status, 'again').to.equal(404)

    const expiresAt = new Date(Date.now() + 3_000).toISOString()
    const short = await makeKey(owner, ['chat:read'], { expiresAt })
    expect((await short.client.get('/auth/me')).status).to.equal(200)
    await delay(Date.parse(expiresAt) - Date.now() + 100)
    expect((await short.client.get('/auth/me')).status, 'remembered or not').to.equal(401)
    const past = await owner.post('/auth/api-keys', { name: 'CI', scopes: ['chat:read'], expiresAt })
    expect(past.status).to.equal(422)
  })

  it('are refused with another secret, or in another form', async () => {
    const owner = await server.clientWith('user')
    const { key, client } = await makeKey(owner, ['chat:read'])
    await client.get('/auth/me')
    const last = key.endsWith('A') ? 'B' : 'A'
    const others = [`${key.slice(0, -1)}${last}`, key.slice(0, -1), `${key}A`, key.toUpperCase(), `x${key}`]
    for (const other of others) {
      expect((await createApiClient(server.url, other).get('/auth/me')).status, other).to.equal(401)
    }
  })

  it('note when they were used last, by whoever has the secret alone', async () => {
    const owner = await server.clientWith('user')
    const { key, client } = await makeKey(owner, ['chat:read'])
    const lastUsedAt = async () => (await owner.get('/auth/api-keys')).body['data'][0].lastUsedAt as string | null
    const guess = createApiClient(server.url, `${key.slice(0, -1)}${key.endsWith('A') ? 'B' : 'A'}`)
    expect((await guess.get('/auth/me')).status).to.equal(401)
    // What isn’t awaited has had its time.
    await delay(200)
    expect(await lastUsedAt(), 'a guess').to.equal(null)
    expect((await client.get('/auth/me')).status).to.equal(200)
    expect(await eventually('the use is noted', async () => (await lastUsedAt()) ?? undefined)).to.be.a('string')
  })

  it('are told of by their id, who made them and who acts with them', async () => {
    const owner = await server.clientWith('admin')
    const { id, client } = await makeKey(owner, ['user:write'])
    const { userId } = await server.clientWith('service')
    await client.request('PATCH', `/users/${userId}`, { body: { displayName: 'By a key' } })
    const leaves = await server.database.owner.query<{ leaf: string }>(
      `select leaf from audit_events where leaf like '%' || $1 || '%' order by id`,
      [id],
    )
    const events = leaves.map(({ leaf }) => JSON.parse(leaf) as { action: string; actor: { apiKey?: string } })
    expect(events.map(({ action }) => action)).to.deep.equal(['api_key.create', 'user.update'])
    expect(events[1]?.actor.apiKey).to.equal(id)
  })

  it('are made once for one id, whose repeat says so', async () => {
    const { userId } = await server.clientWith('user')
    const key = { id: newId(), userId, name: 'CI', secretHash: Buffer.alloc(32), scopes: [], expiresAt: undefined }
    const { db } = server.database
    await createApiKey(db, key)
    const again = await appErrorOf(createApiKey(db, key))
    expect(again.code).to.equal('idempotency.already_done')
    expect(again.resourceId).to.equal(key.id)
  })

  it('are made once for one Idempotency-Key, whose repeat tells the id and no key', async () => {
    const owner = await server.clientWith('user')
    const body = { name: 'CI', scopes: ['chat:read'] }
    const headers = { 'idempotency-key': 'a-key-of-this-test' }
    const first = await owner.post('/auth/api-keys', body, headers)
    const again = await owner.post('/auth/api-keys', body, headers)
    expect(again.status).to.equal(409)
    expect(again.body).to.include({ resourceId: first.body['apiKey'].id })
    expect(JSON.stringify(again.body)).to.not.include(first.body['key'])
  })
})
