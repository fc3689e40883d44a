// The administration of roles and of services over HTTP: what acts on the next request, what nobody may grant, what stays.
import { randomUUID } from 'node:crypto'
import { expect } from 'chai'
import { type ApiClient, createApiClient } from '../../support/api-client.ts'
import { makeUser } from '../../support/sign-in-parts.ts'
import { type SignInServer, startSignInServer } from '../../support/sign-in-server.ts'

describe('routes of roles', () => {
  let server: SignInServer
  let admin: ApiClient & { readonly userId: string }
  before(async function () {
    this.timeout(60_000)
    server = await startSignInServer()
    admin = await server.clientWith('admin')
  })
  after(() => server.stop())

  const newName = (): string => `role-${randomUUID().slice(0, 8)}`
  async function makeRole(permissions: readonly string[], by: ApiClient = admin) {
    const made = await by.post('/roles', { name: newName(), permissions })
    expect(made.status, JSON.stringify(made.body)).to.equal(201)
    return made.body['role'] as { id: string; name: string; permissions: string[] }
  }
  const patch = (roleId: string, body: object, by: ApiClient = admin) =>
    by.request('PATCH', `/roles/${roleId}`, { body })
  async function builtin(name: string): Promise<string> {
    const { data } = (await admin.get('/roles?limit=100')).body
    return (data as { id: string; name: string }[]).find((role) => role.name === name)?.id ?? ''
  }

  it('[S6] grant and take on the next request of whoever has the role', async () => {
    const role = await makeRole([])
    const member = await server.clientWith(role.name)
    expect((await member.get('/users')).status).to.equal(403)
    expect((await patch(role.id, { permissions: ['user:read'] })).status).to.equal(200)
    expect((await member.get('/users')).status).to.equal(200)
    expect((await member.get('/users')).status, 'remembered').to.equal(200)
    expect((await patch(role.id, { permissions: [] })).body['role'].permissions).to.deep.equal([])
    expect((await member.get('/users')).status).to.equal(403)
    await patch(role.id, { permissions: ['user:read'] })
    expect((await member.get('/users')).status).to.equal(200)
    expect((await admin.request('DELETE', `/roles/${role.id}`)).status).to.equal(204)
    expect((await member.get('/users')).status).to.equal(403)
    expect((await member.get('/auth/me')).body['user'].roles).to.deep.equal([])
    expect((await admin.get(`/roles/${role.id}`)).status).to.equal(404)
  })

  it('[S13] grant nothing that whoever changes them lacks', async () => {
    const role = await makeRole(['user:read', 'user:write'])
    const manager = await server.clientWith(role.name)
    const escalations = [
      await patch(role.id, { permissions: ['user:read', 'user:write', 'audit:read'] }, manager),
      await manager.post('/roles', { name: newName(), permissions: ['audit:read'] }),
      await manager.post('/auth/api-keys', { name: 'More', scopes: ['audit:read'] }),
    ]
    for (const { status, body } of escalations) {
      expect(status).to.equal(403)
      expect(body).to.include({ code: 'auth.grant_exceeded' })
    }
    expect((await admin.get(`/roles/${role.id}`)).body['role'].permissions).to.deep.equal(['user:read', 'user:write'])
    await makeRole(['user:read'], manager)
  })

  it('[S13] change no role and no account that may do more than whoever changes it', async () => {
    const manager = await server.clientWith((await makeRole(['user:read', 'user:write', 'chat:read'])).name)
    const victim = await server.clientWith('admin')
    const [auditor, approver] = [await builtin('auditor'), await builtin('approver')]
    const refused = [
      await patch(auditor, { description: 'Reads no more' }, manager),
      await patch(approver, { permissions: [] }, manager),
      await manager.request('PATCH', `/users/${victim.userId}`, { body: { disabled: true } }),
      await manager.request('PATCH', `/users/${victim.userId}`, { body: { roles: [] } }),
      await manager.request('DELETE', `/users/${victim.userId}/totp`),
      await manager.request('DELETE', `/users/${victim.userId}/identities`),
    ]
    for (const { status, body } of refused) {
      expect(status).to.equal(403)
      expect(body).to.include({ code: 'auth.grant_exceeded' })
    }
    expect((await victim.get('/users')).status).to.equal(200)
    const lesser = await server.clientWith((await makeRole(['chat:read'])).name)
    const disabled = await manager.request('PATCH', `/users/${lesser.userId}`, { body: { disabled: true } })
    expect(disabled.status, 'of somebody who may do less').to.equal(200)
  })

  it('keep the names of the built-in ones, and everything of the administrators’', async () => {
    const [adminRole, userRole] = [await builtin('admin'), await builtin('user')]
    const refused = [
      await patch(adminRole, { permissions: [] }),
      await patch(userRole, { name: 'nobody' }),
      await admin.request('DELETE', `/roles/${adminRole}`),
      await admin.request('DELETE', `/roles/${userRole}`),
    ]
    for (const { status, body } of refused) {
      expect(status).to.equal(409)
      expect(body).to.include({ code: 'auth.role_builtin' })
    }
    expect((await patch(userRole, { name: 'user', description: 'Everybody' })).status).to.equal(200)
    const { name } = await makeRole([])
    expect((await admin.post('/roles', { name, permissions: [] })).status, 'taken').to.equal(409)
    expect((await patch((await makeRole([])).id, { name })).status, 'taken').to.equal(409)
  })

  it('stay as long as a policy of approvals names them', async () => {
    const [decides, escalated] = [await makeRole(['approval:decide']), await makeRole(['approval:decide'])]
    await server.database.owner.execute(
      `insert into approval_policies (id, created_by, match, approver_roles, quorum, timeout_seconds, escalation, allow_edit)
       values ($1, $2, '{x}', $3::text[], 1, 60, $4::jsonb, false)`,
      [randomUUID(), admin.userId, [decides.name], JSON.stringify([{ afterSeconds: 1, roles: [escalated.name] }])],
    )
    for (const { id } of [decides, escalated]) {
      expect((await admin.request('DELETE', `/roles/${id}`)).body).to.include({ code: 'auth.role_in_use' })
      expect((await patch(id, { name: newName() })).body).to.include({ code: 'auth.role_in_use' })
    }
  })

  it('refuse names and permissions that are none', async () => {
    for (const body of [{ name: 'Admin', permissions: [] }, { name: 'x', permissions: [] }, { name: newName() }])
      expect((await admin.post('/roles', body)).status).to.equal(422)
    const unknown = await admin.post('/roles', { name: newName(), permissions: ['all:everything'] })
    expect(unknown.status).to.equal(422)
    expect(unknown.body['errors'][0].path).to.equal('permissions.0')
    expect((await patch(randomUUID(), { description: 'x' })).status).to.equal(404)
    expect((await patch((await makeRole([])).id, {})).status).to.equal(422)
  })

  describe('and of services', () => {
    const grant = (userId: string, scopes: readonly string[], by: ApiClient = admin) =>
      by.post(`/users/${userId}/api-keys`, { name: 'Robot', scopes })

    it('give their keys what the scopes name, of what the granter has', async () => {
      const service = await makeUser(server.parts, { roles: ['service'] })
      const granted = await grant(service.id, ['user:read'])
      expect(granted.status).to.equal(201)
      const robot = createApiClient(server.url, granted.body['key'] as string)
      expect((await robot.get('/auth/me')).body['user'].id).to.equal(service.id)
      expect((await robot.get('/users')).status).to.equal(200)
      expect((await robot.get('/users')).status, 'remembered').to.equal(200)
      expect((await robot.request('PATCH', `/users/${service.id}`, { body: { displayName: 'X' } })).status).to.equal(
        403,
      )
      const listed = (await admin.get(`/users/${service.id}/api-keys`)).body['data'] as { id: string }[]
      expect(listed.map(({ id }) => id)).to.deep.equal([granted.body['apiKey'].id])

      const role = await makeRole(['user:read', 'user:write'])
      const manager = await server.clientWith(role.name)
      expect((await grant(service.id, ['audit:read'], manager)).body).to.include({ code: 'auth.grant_exceeded' })
    })

    it('[S14] lose it with the role, and with the key', async () => {
      const service = await makeUser(server.parts, { roles: ['service'] })
      const granted = await grant(service.id, ['user:read'])
      const robot = createApiClient(server.url, granted.body['key'] as string)
      expect((await robot.get('/users')).status).to.equal(200)
      await admin.request('PATCH', `/users/${service.id}`, { body: { roles: ['user'] } })
      expect((await robot.get('/users')).status, 'a user has no such permission').to.equal(403)
      await admin.request('PATCH', `/users/${service.id}`, { body: { roles: ['service'] } })
      expect((await robot.get('/users')).status).to.equal(200)
      const path = `/users/${service.id}/api-keys/${granted.body['apiKey'].id}`
      expect((await admin.request('DELETE', path)).status).to.equal(204)
      expect((await robot.get('/users')).status).to.equal(401)
    })

    it('are granted to services alone', async () => {
      const person = await makeUser(server.parts, { roles: ['user'] })
      expect((await grant(person.id, ['user:read'])).status).to.equal(404)
      expect((await grant(randomUUID(), ['user:read'])).status).to.equal(404)
    })
  })
})
