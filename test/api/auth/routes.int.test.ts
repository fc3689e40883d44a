// The routes of sign-in over HTTP: every one of them against every kind of caller, and what a client sees of each case.
import { createPublicKey, randomUUID } from 'node:crypto'
import { expect } from 'chai'
import jwt from 'jsonwebtoken'
import { routes } from '../../../api/auth/routes.ts'
import type { Access } from '../../../api/http/route.ts'
import { updateUser } from '../../../db/auth/users.ts'
import { type ApiClient, createApiClient, signUp } from '../../support/api-client.ts'
import { uniqueEmail } from '../../support/sign-in-parts.ts'
import { type SignInServer, startSignInServer } from '../../support/sign-in-server.ts'

const password = 'correct horse battery'

describe('routes of sign-in', () => {
  let server: SignInServer
  let anonymous: ApiClient
  let admin: ApiClient
  before(async function () {
    this.timeout(60_000)
    server = await startSignInServer()
    anonymous = createApiClient(server.url)
    admin = await server.clientWith('admin')
  })
  after(() => server.stop())

  /** A request that reaches the route: 401 and 403 are answered before its input is looked at. */
  const knock = (client: ApiClient, { method, path }: { method: string; path: string }) =>
    client.request(method.toUpperCase(), path.replace('{userId}', randomUUID()), method === 'get' ? {} : { body: {} })

  it('[S12] admits to every route exactly whom it declares', async () => {
    const plain = await server.clientWith('user')
    const auditor = await server.clientWith('auditor')
    const revoked = await server.clientWith('admin')
    await revoked.post('/auth/logout')
    const disabled = await server.clientWith('admin')
    await updateUser(server.parts.db, { userId: disabled.userId, patch: { disabled: true } })
    const forged = createApiClient(server.url, `${admin.token?.slice(0, -6)}AAAAAA`)
    const expected = (access: Access, client: ApiClient): 'admitted' | 401 | 403 => {
      if (access === 'public') return 'admitted'
      if ([anonymous, revoked, disabled, forged].includes(client)) return 401
      return access === 'signed-in' || client === admin ? 'admitted' : 403
    }
    const logout = routes.find(({ path }) => path === '/auth/logout')
    for (const route of routes.filter((one) => one !== logout)) {
      for (const client of [anonymous, plain, auditor, revoked, disabled, forged, admin]) {
        const { status, body } = await knock(client, route)
        const outcome =
          status === 401 && body['code'] === 'auth.unauthenticated' ? 401 : status === 403 ? 403 : 'admitted'
        expect(outcome, `${route.method} ${route.path}`).to.equal(expected(route.access, client))
      }
    }
    for (const client of [anonymous, revoked, disabled, forged])
      expect((await client.post('/auth/logout')).status).to.equal(401)
  })

  it('registers, signs in, shows and changes one’s own account, and signs out', async () => {
    const email = uniqueEmail()
    const registered = await anonymous.post('/auth/register', {
      email: ` ${email.toUpperCase()} `,
      password,
      displayName: 'Ada',
    })
    expect(registered.status).to.equal(201)
    expect(registered.body['user']).to.include({ email, displayName: 'Ada', disabled: false })
    const login = await anonymous.post('/auth/login', { email, password })
    expect(login.status).to.equal(200)
    expect(login.headers.get('cache-control')).to.equal('no-store')
    expect(login.body).to.have.all.keys('accessToken', 'tokenType', 'expiresIn', 'refreshToken', 'user')
    const client = createApiClient(server.url, login.body['accessToken'] as string)
    expect((await client.get('/auth/me')).body).to.deep.equal({ user: registered.body['user'] })
    const renamed = await client.request('PATCH', '/auth/me', { body: { displayName: 'Countess' } })
    expect(renamed.body['user']).to.include({ id: registered.body['user'].id, displayName: 'Countess' })
    expect((await client.post('/auth/logout')).status).to.equal(204)
    const after = await client.get('/auth/me')
    expect(after.status).to.equal(401)
    expect(after.headers.get('www-authenticate')).to.equal('Bearer')
    expect(after.body).to.include({ code: 'auth.unauthenticated' })
  })

  it('never shows a hash, and never logs a password or a token', async () => {
    const client = await signUp(server.url)
    const answers = JSON.stringify([
      (await client.get('/auth/me')).body,
      (await admin.get('/users')).body,
      (await admin.get(`/users/${client.userId}`)).body,
    ])
    expect(answers).not.to.match(/\$2b\$|hash|pepper/i)
    const logged = server.parts.lines.join('\n')
    expect(logged).to.include('/auth/login')
    expect(logged).not.to.include(password)
    expect(logged).not.to.include(client.token)
    expect(logged).not.to.include(client.email)
  })

  it('answers a taken address with 409, and a repeated registration with its id', async () => {
    const input = { email: uniqueEmail(), password, displayName: 'Ada' }
    const headers = { 'idempotency-key': randomUUID() }
    const first = await anonymous.post('/auth/register', input, headers)
    expect(first.status).to.equal(201)
    const again = await anonymous.post('/auth/register', input, headers)
    expect(again.status).to.equal(409)
    expect(again.body['code']).to.equal('idempotency.already_done')
    expect(JSON.stringify(again.body)).to.include(first.body['user'].id)
    const other = await anonymous.post('/auth/register', input)
    expect(other.status).to.equal(409)
    expect(other.body['code']).to.equal('auth.email_taken')
  })

  it('[S8] answers an unknown user, a wrong password and a disabled account alike', async () => {
    const known = await server.clientWith('user')
    const disabled = await server.clientWith('user')
    await updateUser(server.parts.db, { userId: disabled.userId, patch: { disabled: true } })
    const answers = await Promise.all([
      anonymous.post('/auth/login', { email: uniqueEmail(), password }),
      anonymous.post('/auth/login', { email: known.email, password: 'wrong horse battery' }),
      anonymous.post('/auth/login', { email: disabled.email, password }),
    ])
    const comparable = answers.map(({ status, body, headers }) => {
      const { instance: _instance, ...rest } = body
      return { status, rest, names: [...headers.keys()].filter((name) => !/^(date|x-request-id)$/.test(name)) }
    })
    expect(comparable[0]).to.deep.include({ status: 401 })
    expect(comparable[0]?.rest).to.include({ code: 'auth.invalid_credentials' })
    expect(comparable[1]).to.deep.equal(comparable[0])
    expect(comparable[2]).to.deep.equal(comparable[0])
  })

  it('[S7] takes 64 emoji for a password, and tells passwords apart after byte 72', async () => {
    for (const [right, wrong] of [
      ['😀'.repeat(64), `${'😀'.repeat(63)}😁`],
      [`${'a'.repeat(72)}b`, `${'a'.repeat(72)}c`],
    ]) {
      const email = uniqueEmail()
      expect((await anonymous.post('/auth/register', { email, password: right, displayName: 'A' })).status).to.equal(
        201,
      )
      expect((await anonymous.post('/auth/login', { email, password: wrong })).status).to.equal(401)
      expect((await anonymous.post('/auth/login', { email, password: right })).status).to.equal(200)
    }
  })

  it('refuses weak and broken registrations with the place of each fault, and no value', async () => {
    const answer = await anonymous.post('/auth/register', { email: 'secret-value', password: 'short', displayName: '' })
    expect(answer.status).to.equal(422)
    const faults = answer.body['errors'] as { path: string }[]
    expect(faults.map(({ path }) => path)).to.have.members(['email', 'password', 'displayName'])
    expect(JSON.stringify(answer.body)).not.to.match(/secret-value|"short"/)
    const common = await anonymous.post('/auth/register', {
      email: uniqueEmail(),
      password: 'Qwerty123456',
      displayName: 'A',
    })
    expect([common.status, common.body['errors'][0].path]).to.deep.equal([422, 'password'])
  })

  it('[S13] grants nothing by fields that aren’t offered', async () => {
    const client = await signUp(server.url)
    for (const field of ['roles', 'role', 'permissions', 'disabled', 'ownerId', 'id', '__proto__', 'constructor']) {
      const raw = (body: object): string => JSON.stringify(body).replace('{', `{"${field}":["admin"],`)
      const headers = { 'content-type': 'application/json' }
      const registration = { email: uniqueEmail(), password, displayName: 'Eve' }
      const registered = await anonymous.request('POST', '/auth/register', { raw: raw(registration), headers })
      expect(registered.status, `register ${field}`).to.be.oneOf([400, 422])
      const patched = await client.request('PATCH', '/auth/me', { raw: raw({ displayName: 'Eve' }), headers })
      expect(patched.status, `me ${field}`).to.be.oneOf([400, 422])
    }
    expect((await client.get('/auth/me')).body['user'])
      .to.include({ displayName: 'Test User' })
      .and.deep.include({
        roles: ['user'],
      })
  })

  it('publishes keys that verify its tokens, at the root and for everybody', async () => {
    const response = await fetch(`${server.url}/.well-known/jwks.json`)
    expect(response.status).to.equal(200)
    expect(response.headers.get('cache-control')).to.equal('public, max-age=300')
    const { keys } = (await response.json()) as { keys: ({ kid: string } & Record<string, string>)[] }
    const token = admin.token ?? ''
    const kid = jwt.decode(token, { complete: true })?.header.kid
    const key = keys.find((one) => one.kid === kid)
    expect(key).not.to.have.property('d')
    const publicKey = createPublicKey({ key: { ...key }, format: 'jwk' })
    expect(jwt.verify(token, publicKey, { algorithms: ['ES256'], issuer: 'cdsa', audience: 'cdsa-api' })).to.be.an(
      'object',
    )
  })
})
