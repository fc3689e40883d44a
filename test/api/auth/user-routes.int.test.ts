// The administration of users over HTTP: lists, changes that act on the next request, and what is refused.
import { randomUUID } from 'node:crypto'
import { expect } from 'chai'
import { type ApiClient, signUp } from '../../support/api-client.ts'
import { makeUser } from '../../support/sign-in-parts.ts'
import { type SignInServer, startSignInServer } from '../../support/sign-in-server.ts'

describe('routes of users', () => {
  let server: SignInServer
  let admin: ApiClient
  before(async function () {
    this.timeout(60_000)
    server = await startSignInServer()
    admin = await server.clientWith('admin')
  })
  after(() => server.stop())

  it('[S6] acts on the next request: another role, then disabling', async () => {
    const client = await signUp(server.url)
    expect((await client.get('/users')).status).to.equal(403)
    const promoted = await admin.request('PATCH', `/users/${client.userId}`, { body: { roles: ['user', 'admin'] } })
    expect(promoted.status).to.equal(200)
    expect((await client.get('/users')).status).to.equal(200)
    await admin.request('PATCH', `/users/${client.userId}`, { body: { roles: ['user'] } })
    expect((await client.get('/users')).status).to.equal(403)
    await admin.request('PATCH', `/users/${client.userId}`, { body: { disabled: true } })
    expect((await client.get('/auth/me')).status).to.equal(401)
    await admin.request('PATCH', `/users/${client.userId}`, { body: { disabled: false } })
    expect((await client.get('/auth/me')).status, 'a session that disabling ended').to.equal(401)
  })

  it('lists users in pages, newest first, and refuses a cursor that is none', async () => {
    const made = [await makeUser(server.parts), await makeUser(server.parts), await makeUser(server.parts)]
    const first = await admin.get('/users?limit=2')
    expect(first.body['data'].map(({ id }: { id: string }) => id)).to.deep.equal([made[2]?.id, made[1]?.id])
    expect(first.body['hasMore']).to.equal(true)
    const next = await admin.get(`/users?limit=2&after=${first.body['nextCursor']}`)
    expect(next.body['data'][0].id).to.equal(made[0]?.id)
    for (const query of ['after=x', "after=' or true --", 'limit=0', 'limit=101', 'limit=x', 'role=admin'])
      expect((await admin.get(`/users?${query}`)).status, query).to.equal(400)
  })

  it('shows one user, roles and permissions to administrators', async () => {
    const user = await makeUser(server.parts, { roles: ['operator'] })
    expect((await admin.get(`/users/${user.id}`)).body).to.deep.equal({ user })
    expect((await admin.get(`/users/${randomUUID()}`)).status).to.equal(404)
    expect((await admin.get('/users/none')).status).to.equal(400)
    const roles = (await admin.get('/roles')).body['data'] as {
      name: string
      permissions: string[]
      builtin: boolean
    }[]
    const names = ['admin', 'user', 'approver', 'auditor', 'operator', 'service']
    expect(roles.map(({ name }) => name)).to.have.members(names)
    expect(roles.find(({ name }) => name === 'auditor')).to.deep.include({
      builtin: true,
      permissions: ['audit:read', 'report:read'],
    })
    const permissions = (await admin.get('/permissions')).body
    expect(permissions['data']).to.deep.include({ name: 'user:read', description: 'List users, roles and permissions' })
    expect(permissions).to.deep.include({ hasMore: false, nextCursor: null })
  })

  it('says which role is unknown, and changes nothing', async () => {
    const user = await makeUser(server.parts)
    const answer = await admin.request('PATCH', `/users/${user.id}`, { body: { roles: ['user', 'emperor'] } })
    expect(answer.status).to.equal(422)
    expect(answer.body['errors']).to.deep.equal([{ path: 'roles.1', message: 'is no role' }])
    expect((await admin.get(`/users/${user.id}`)).body['user'].roles).to.deep.equal(['user'])
    expect((await admin.request('PATCH', `/users/${user.id}`, { body: {} })).status).to.equal(422)
  })

  it('keeps the last administrator', async () => {
    const { data } = (await admin.get('/users?limit=100')).body as { data: { id: string; roles: string[] }[] }
    const { id } = (await admin.get('/auth/me')).body['user'] as { id: string }
    for (const other of data.filter((user) => user.roles.includes('admin') && user.id !== id))
      await admin.request('PATCH', `/users/${other.id}`, { body: { roles: ['user'] } })
    for (const body of [{ roles: ['user'] }, { disabled: true }]) {
      const answer = await admin.request('PATCH', `/users/${id}`, { body })
      expect(answer.status).to.equal(409)
      expect(answer.body['code']).to.equal('auth.last_administrator')
    }
    expect((await admin.get('/users')).status).to.equal(200)
  })
})
