// Signing in, from registration to the end of a session, through the use cases and the real request check.
import { once } from 'node:events'
import { generateKeyPairSync, randomUUID } from 'node:crypto'
import { type IncomingMessage, createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { expect } from 'chai'
import jwt from 'jsonwebtoken'
import { createAuthenticate } from '../../../api/auth/authenticate.ts'
import { login } from '../../../api/auth/login.ts'
import { logout } from '../../../api/auth/logout.ts'
import { register } from '../../../api/auth/register.ts'
import { updateUser } from '../../../api/auth/update-user.ts'
import type { Authenticate } from '../../../api/http/admit.ts'
import { createSession } from '../../../db/auth/sessions.ts'
import { type UserChange, findUserForLogin } from '../../../db/auth/users.ts'
import { newId } from '../../../db/ids.ts'
import { seed } from '../../../db/seed.ts'
import type { Credentials, Token, User } from '../../../domain/auth/user.ts'
import { AppError } from '../../../domain/errors.ts'
import { permissions } from '../../../domain/auth/permission.ts'
import type { Actor } from '../../../platform/auth/actor.ts'
import { appErrorOf } from '../../support/app-error-of.ts'
import { type TestDatabase, startTestDatabase } from '../../support/database.ts'
import { type SignInParts, countQueries, makeUser, signInParts, uniqueEmail } from '../../support/sign-in-parts.ts'

const password = 'correct horse battery'
const carrying = (accessToken: string) => ({ headers: { authorization: `Bearer ${accessToken}` } }) as IncomingMessage

describe('signing in', () => {
  let database: TestDatabase
  let parts: SignInParts
  let authenticate: Authenticate
  let administrator: Actor
  before(async function () {
    this.timeout(60_000)
    database = await startTestDatabase()
    parts = signInParts(database.db)
    authenticate = createAuthenticate(parts)
    await seed(database.owner, { admin: {}, passwords: parts.passwords })
    const { id: userId, email, roles } = await makeUser(parts, { roles: ['admin'] })
    const sessionId = newId()
    await createSession(database.db, { id: sessionId, userId, method: 'password', ip: undefined, userAgent: undefined })
    administrator = { userId, sessionId, email, roles, permissions: new Set(permissions) }
  })
  after(() => database.stop())

  async function signUp(): Promise<{ readonly user: User; readonly token: Token; readonly actor: Actor }> {
    const email = uniqueEmail()
    const user = await register({ ...parts, newResourceId: newId() }, { email, password, displayName: 'Ada' })
    const { token } = await login(parts, { email, password })
    return { user, token, actor: await authenticate(carrying(token.accessToken)) }
  }

  /** As an administrator does it. */
  const change = (asked: UserChange) => updateUser({ ...parts, actor: administrator }, asked)

  it('turns a registration into an account, and its password into a token that names it', async () => {
    const { user, token, actor } = await signUp()
    expect(token).to.include({ tokenType: 'Bearer', expiresIn: 600 })
    expect(token.user).to.deep.equal(user)
    expect(actor).to.include({ userId: user.id, email: user.email })
    expect(actor.roles).to.deep.equal(['user'])
    expect([...actor.permissions]).to.deep.equal(user.permissions)
  })

  it('registers under the id that the request reserved', async () => {
    const newResourceId = newId()
    const input = { email: uniqueEmail(), password, displayName: 'Ada' }
    const user = await register({ ...parts, newResourceId }, input)
    expect(user.id).to.equal(newResourceId)
    expect(await register({ ...parts, newResourceId }, input)).to.deep.equal(user)
  })

  it('says that an address is taken, and that a password is too common', async () => {
    const { user } = await signUp()
    const again = { email: user.email, password, displayName: 'Eve' }
    const taken = await appErrorOf(register({ ...parts, newResourceId: newId() }, again))
    expect(taken.code).to.equal('auth.email_taken')
    const weak = { email: uniqueEmail(), password: 'qwerty123456', displayName: 'Eve' }
    const common = await appErrorOf(register({ ...parts, newResourceId: newId() }, weak))
    expect(common.code).to.equal('request.invalid')
    expect(common.errors).to.deep.equal([{ path: 'password', message: 'is too common' }])
  })

  it('[S8] gives the same answer for an unknown user, a wrong password and a disabled account', async () => {
    const { user } = await signUp()
    const { user: disabled } = await signUp()
    await change({ userId: disabled.id, patch: { disabled: true } })
    const refused = [
      await appErrorOf(login(parts, { email: uniqueEmail(), password })),
      await appErrorOf(login(parts, { email: user.email, password: 'wrong horse battery' })),
      await appErrorOf(login(parts, { email: disabled.email, password })),
    ]
    for (const error of refused) {
      expect(error.code).to.equal('auth.invalid_credentials')
      expect([error.title, error.detail, error.errors, error.retryAfterMs]).to.deep.equal([
        refused[0]?.title,
        undefined,
        undefined,
        undefined,
      ])
    }
  })

  it('[S8] does the same work for an unknown user and a disabled account as for a wrong password', async () => {
    const { user } = await signUp()
    const { user: disabled } = await signUp()
    await change({ userId: disabled.id, patch: { disabled: true } })
    const verified: (string | undefined)[] = []
    const watched: SignInParts = {
      ...parts,
      passwords: {
        ...parts.passwords,
        verify: (given, stored) => {
          verified.push(stored?.hash)
          return parts.passwords.verify(given, stored)
        },
      },
    }
    const queriesOf = (credentials: Credentials) =>
      countQueries(database.db, () => appErrorOf(login(watched, credentials)))
    const wrong = await queriesOf({ email: user.email, password: 'wrong horse battery' })
    expect(await queriesOf({ email: uniqueEmail(), password })).to.equal(wrong)
    expect(await queriesOf({ email: disabled.email, password })).to.equal(wrong)
    expect(verified.map((hash) => hash?.length)).to.deep.equal([60, undefined, 60])
  })

  it('loads account, session and permissions with one query, and knows them for a while', async () => {
    const { token } = await signUp()
    const { actors } = signInParts(database.db)
    const fresh = createAuthenticate({ ...parts, actors })
    expect(await countQueries(database.db, () => fresh(carrying(token.accessToken)))).to.be.within(1, 2)
    expect(await countQueries(database.db, () => fresh(carrying(token.accessToken)))).to.equal(0)
  })

  it('[S6] ends with the session, on the next request, and leaves other sessions alone', async () => {
    const { user, token, actor } = await signUp()
    const other = await login(parts, { email: user.email, password })
    await logout({ ...parts, actor })
    expect((await appErrorOf(authenticate(carrying(token.accessToken)))).code).to.equal('auth.unauthenticated')
    expect(await authenticate(carrying(other.token.accessToken))).to.include({ userId: user.id })
  })

  it('[S6] ends when the account is disabled, on the next request', async () => {
    const { user, token } = await signUp()
    await change({ userId: user.id, patch: { disabled: true } })
    expect((await appErrorOf(authenticate(carrying(token.accessToken)))).code).to.equal('auth.unauthenticated')
  })

  it('[S6] has other permissions on the request after a change of roles', async () => {
    const { user, token } = await signUp()
    await change({ userId: user.id, patch: { roles: ['auditor'] } })
    const changed = await authenticate(carrying(token.accessToken))
    expect(changed.roles).to.deep.equal(['auditor'])
    expect(changed.permissions.has('audit:read')).to.equal(true)
    expect(changed.permissions.has('chat:write')).to.equal(false)
  })

  it('refuses a good token whose session or user is another’s, or gone', async () => {
    const [one, two] = [await signUp(), await signUp()]
    const mixed = [
      { userId: one.user.id, sessionId: two.actor.sessionId ?? '' },
      { userId: one.user.id, sessionId: randomUUID() },
      { userId: randomUUID(), sessionId: one.actor.sessionId ?? '' },
    ]
    for (const subject of mixed) {
      const { token } = await parts.accessTokens.issueAccessToken(subject)
      expect((await appErrorOf(authenticate(carrying(token)))).code).to.equal('auth.unauthenticated')
    }
  })

  it('[S1] follows no address in a token', async () => {
    const { user, actor } = await signUp()
    const { privateKey, publicKey } = generateKeyPairSync('ec', { namedCurve: 'P-256' })
    let connections = 0
    const server = createServer((_request, response) => response.end(JSON.stringify({ keys: [jwk] })))
    const kid = (await parts.signingKeys.current()).kid
    const jwk = { ...publicKey.export({ format: 'jwk' }), kid }
    server.on('connection', () => {
      connections += 1
    })
    server.listen(0, '127.0.0.1')
    await once(server, 'listening')
    try {
      const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}/keys.json`
      for (const extra of [{ jku: url }, { x5u: url }, { jwk }]) {
        const forged = jwt.sign({ sid: actor.sessionId }, privateKey, {
          algorithm: 'ES256',
          header: { alg: 'ES256', typ: 'at+jwt', kid, ...extra },
          issuer: 'cdsa',
          audience: 'cdsa-api',
          subject: user.id,
          expiresIn: 600,
          jwtid: randomUUID(),
        })
        expect((await appErrorOf(authenticate(carrying(forged)))).code).to.equal('auth.unauthenticated')
      }
      expect(connections).to.equal(0)
    } finally {
      server.close()
      await once(server, 'close')
    }
  })

  it('passes a fault of the database on, instead of calling the token bad', async () => {
    const { token } = await signUp()
    const closed = database.open()
    await closed.close()
    const broken = createAuthenticate({ ...signInParts(closed), accessTokens: parts.accessTokens })
    const error = await broken(carrying(token.accessToken)).then(
      () => undefined,
      (reason: unknown) => reason,
    )
    expect(error).to.be.instanceOf(Error).and.not.instanceOf(AppError)
    const keyless = createAuthenticate(signInParts(closed, { keys: parts.keys }))
    expect((await appErrorOf(keyless(carrying(token.accessToken)))).code).to.equal('service.unavailable')
  })

  it('hashes a password anew when the cost was raised, without ending the sign-in', async () => {
    const { user } = await signUp()
    const dearer = signInParts(database.db, { keys: parts.keys, cost: 5 })
    const { token } = await login(dearer, { email: user.email, password })
    expect(await authenticate(carrying(token.accessToken))).to.include({ userId: user.id })
    const stored = await findUserForLogin(database.db, user.email)
    expect(stored?.password?.hash).to.match(/^\$2b\$05\$/)
    await login(dearer, { email: user.email, password })
    expect((await appErrorOf(login(dearer, { email: user.email, password: 'wrong horse' }))).code).to.equal(
      'auth.invalid_credentials',
    )
  })

  it('goes on with the old hash when the new one can’t be made now, and says so in the log', async () => {
    const { user } = await signUp()
    const dearer = signInParts(database.db, { keys: parts.keys, cost: 5 })
    const busy: SignInParts = {
      ...dearer,
      passwords: { ...dearer.passwords, hash: () => Promise.reject(new AppError('auth.busy')) },
    }
    await login(busy, { email: user.email, password })
    expect(dearer.lines.join()).to.include('auth.busy').and.not.include(password)
    await login(parts, { email: user.email, password })
  })
})
