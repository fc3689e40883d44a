// Requests that are let in, and go on when whoever sent them may not ask any more: one whose body comes late, and one that
// waits in the database for the very change that ends its rights.
import { request } from 'node:http'
import { expect } from 'chai'
import { createApiKey } from '../../../api/auth/change-api-keys.ts'
import { updateUser } from '../../../api/auth/update-user.ts'
import { setPassword } from '../../../db/auth/passwords.ts'
import { updateUser as storeUser } from '../../../db/auth/users.ts'
import { newId } from '../../../db/ids.ts'
import { permissions } from '../../../domain/auth/permission.ts'
import { createSession } from '../../../db/auth/sessions.ts'
import type { Actor } from '../../../platform/auth/actor.ts'
import { type ApiClient, createApiClient } from '../../support/api-client.ts'
import { appErrorOf } from '../../support/app-error-of.ts'
import { overlapping } from '../../support/overlapping.ts'
import { makeUser } from '../../support/sign-in-parts.ts'
import { type SignInServer, startSignInServer } from '../../support/sign-in-server.ts'

describe('requests that are held up', function () {
  this.timeout(60_000)
  let server: SignInServer
  let admin: ApiClient
  before(async () => {
    server = await startSignInServer()
    admin = await server.clientWith('admin')
  })
  after(() => server?.stop())

  /** Sends the head and the first byte of the body, runs `meanwhile`, and then sends the rest. */
  async function held(
    client: ApiClient,
    [method, path]: readonly [string, string],
    body: object,
    meanwhile: () => Promise<unknown>,
  ) {
    const text = JSON.stringify(body)
    const answered = new Promise<{ status: number; body: string }>((resolve, reject) => {
      const sent = request(`${server.url}/api/v1${path}`, {
        method,
        headers: {
          authorization: `Bearer ${client.token}`,
          'content-type': 'application/json',
          'content-length': Buffer.byteLength(text),
        },
      })
      sent.once('error', reject)
      sent.once('response', (response) => {
        let received = ''
        response.on('data', (chunk: Buffer) => (received += chunk.toString()))
        response.once('end', () => resolve({ status: response.statusCode ?? 0, body: received }))
      })
      sent.write(text.slice(0, 1))
      // Long enough to be let in: a test that is too fast would pass without any fault, never fail without one.
      setTimeout(() => void meanwhile().then(() => sent.end(text.slice(1)), reject), 300)
    })
    return await answered
  }

  it('make no key after signing out', async () => {
    const client = await server.clientWith('user')
    const late = await held(client, ['POST', '/auth/api-keys'], { name: 'Late', scopes: ['chat:read'] }, () =>
      client.post('/auth/logout'),
    )
    expect(late.status).to.equal(401)
    const made = await server.database.owner.query('select id from api_keys where user_id = $1', [client.userId])
    expect(made).to.deep.equal([])
  })

  it('make nobody an administrator again who was demoted and disabled', async () => {
    const client = await server.clientWith('admin')
    const self = `/users/${client.userId}`
    const late = await held(client, ['PATCH', self], { roles: ['admin'], disabled: false }, () =>
      admin.request('PATCH', self, { body: { roles: [], disabled: true } }),
    )
    expect(late.status).to.equal(401)
    expect((await admin.get(self)).body['user'])
      .to.include({ disabled: true })
      .and.deep.include({ roles: [] })
  })

  it('do nothing more than the permissions of their end allow', async () => {
    const client = await server.clientWith('admin')
    const late = await held(client, ['POST', '/roles'], { name: 'late', permissions: ['user:read'] }, () =>
      admin.request('PATCH', `/users/${client.userId}`, { body: { roles: ['user'] } }),
    )
    expect(late.status).to.equal(403)
    expect((await admin.get('/roles?limit=100')).body['data'].map(({ name }: { name: string }) => name)).to.not.include(
      'late',
    )
  })

  /** An administrator in a session, as a use case is given one that was let in a moment ago. */
  async function letIn(): Promise<Actor> {
    const { id: userId, email, roles } = await makeUser(server.parts, { roles: ['admin'] })
    const sessionId = newId()
    await createSession(server.database.db, {
      id: sessionId,
      userId,
      method: 'password',
      ip: undefined,
      userAgent: undefined,
    })
    return { userId, sessionId, email, roles, permissions: new Set(permissions) }
  }

  it('make no key that waits for the change of password that ends all keys', async () => {
    const actor = await letIn()
    const password = { hash: 'x', pepperId: '1' }
    const refused = await overlapping(
      server.database,
      (tx) => setPassword(tx, { userId: actor.userId, password }),
      (db) =>
        appErrorOf(
          createApiKey(
            { ...server.parts, db, actor, newResourceId: newId() },
            { name: 'Late', scopes: ['chat:read'], expiresAt: undefined },
          ),
        ),
    )
    expect(refused.code).to.equal('auth.unauthenticated')
    const good = await server.database.owner.query(
      'select id from api_keys where user_id = $1 and revoked_at is null',
      [actor.userId],
    )
    expect(good).to.deep.equal([])
  })

  it('give no role that wait for the end of what lets them give it', async () => {
    const [actor, other] = [await letIn(), await makeUser(server.parts)]
    const refused = await overlapping(
      server.database,
      (tx) => storeUser(tx, { userId: actor.userId, patch: { roles: ['user'] } }),
      (db) => appErrorOf(updateUser({ ...server.parts, db, actor }, { userId: other.id, patch: { roles: ['admin'] } })),
    )
    expect(refused.code).to.equal('auth.forbidden')
    expect((await createApiClient(server.url, admin.token).get(`/users/${other.id}`)).body['user'].roles).to.deep.equal(
      ['user'],
    )
  })
})
