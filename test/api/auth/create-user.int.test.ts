// Accounts that an administrator makes: an invitation sets their password, and nobody gives them what they don't have.
import { randomUUID } from 'node:crypto'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { expect } from 'chai'
import { type ApiClient, createApiClient } from '../../support/api-client.ts'
import { eventually } from '../../support/eventually.ts'
import { mailsTo, tokenIn } from '../../support/outbox.ts'
import { mailInto, recordingTemporal } from '../../support/password-mails.ts'
import { makeUser, uniqueEmail } from '../../support/sign-in-parts.ts'
import { type SignInServer, startSignInServer } from '../../support/sign-in-server.ts'

const password = 'correct horse battery'
const newPassword = 'another horse staple'

describe('accounts that are made', function () {
  this.timeout(60_000)
  let server: SignInServer
  let anonymous: ApiClient
  let dataDir: string
  const { started, temporal } = recordingTemporal()
  before(async () => {
    dataDir = await mkdtemp(join(tmpdir(), 'cdsa-test-'))
    server = await startSignInServer({
      environment: { CDSA_REGISTRATION: 'closed' },
      extend: async () => ({ temporal }),
    })
    anonymous = createApiClient(server.url)
  })
  after(async () => {
    await server?.stop()
    await rm(dataDir, { recursive: true, force: true })
  })

  const login = (email: string, given: string) => anonymous.post('/auth/login', { email, password: given })
  const eventsOf = async (action: string, userId: string): Promise<number> => {
    const sql = `select id from audit_events where action = $1 and leaf like '%' || $2 || '%'`
    return (await server.database.owner.query(sql, [action, userId])).length
  }

  it('come without a password, which a mailed link sets', async () => {
    const admin = await server.clientWith('admin')
    const email = uniqueEmail()
    const before = started.length
    const made = await admin.post('/users', { email, displayName: 'Ada', roles: ['user', 'auditor'] })
    expect(made.status, JSON.stringify(made.body)).to.equal(201)
    const { id: userId, roles } = made.body['user'] as { id: string; roles: string[] }
    expect(roles).to.deep.equal(['auditor', 'user'])
    expect((await admin.post('/users', { email, displayName: 'Ada' })).body).to.include({ code: 'auth.email_taken' })
    expect((await login(email, password)).status).to.equal(401)
    await eventually('the mail is on its way', () => started.length > before)
    const environment = { CDSA_DATA_DIR: dataDir, CDSA_PUBLIC_URL: 'https://cdsa.example.org' }
    await mailInto(server.parts, environment)(started.at(-1)?.args[0] ?? { linkId: '' })
    const [mail = ''] = await mailsTo(dataDir, email)
    expect(mail.replaceAll('=\r\n', '')).to.include('https://cdsa.example.org/reset-password#token')
    expect(mail).to.include('72 hours')
    const body = { token: tokenIn(mail), newPassword }
    expect((await anonymous.post('/auth/password/reset', body)).status).to.equal(204)
    expect((await login(email, newPassword)).status).to.equal(200)
    expect(await eventsOf('user.create', userId)).to.equal(1)
    expect(await eventsOf('password.reset', userId)).to.equal(1)
  })

  it('get no role that grants more than whoever makes or changes them may do', async () => {
    const manager = await server.clientWith('user', await makeRole(['user:read', 'user:write']))
    const account = (roles?: string[]) => ({ email: uniqueEmail(), displayName: 'Ada', ...(roles && { roles }) })
    const refused = await manager.post('/users', account(['user', 'admin']))
    expect([refused.status, refused.body['code']]).to.deep.equal([403, 'auth.grant_exceeded'])
    expect(refused.body['errors']).to.deep.equal([{ path: 'roles.1', message: 'grants what you may not do' }])
    expect((await manager.post('/users', account(['emperor']))).status).to.equal(422)
    const { user } = (await manager.post('/users', account())).body
    const patch = (userId: string, body: object) => manager.request('PATCH', `/users/${userId}`, { body })
    expect((await patch(user.id, { roles: ['user', 'operator'] })).body).to.include({ code: 'auth.grant_exceeded' })
    expect((await patch(manager.userId, { roles: ['admin'] })).body).to.include({ code: 'auth.grant_exceeded' })
    const operator = await makeUser(server.parts, { roles: ['operator'] })
    for (const roles of [['operator', 'user'], ['user'], []])
      expect((await patch(operator.id, { roles })).status, 'of somebody who may do more').to.equal(403)
  })

  async function makeRole(permissions: readonly string[]): Promise<string> {
    const name = `role-${randomUUID()}`
    await server.database.owner.execute(
      `with made as (insert into roles (id, name, description) values (gen_random_uuid(), $1, 'R') returning id)
       insert into role_permissions (role_id, permission) select made.id, unnest($2::text[]) from made`,
      [name, permissions],
    )
    return name
  }
})
