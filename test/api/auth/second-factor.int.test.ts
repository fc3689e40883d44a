// Second factors over HTTP, on a clock of the test's own, with an authenticator that is written after RFC 6238: a code opens
// one session, whatever comes at once, and nobody without the password learns of it.
import { expect } from 'chai'
import { login as signIn } from '../../../api/auth/login.ts'
import { createOneTimeCodes } from '../../../platform/auth/one-time-codes.ts'
import { createRateLimits } from '../../../platform/rate-limits.ts'
import { type ApiClient, createApiClient } from '../../support/api-client.ts'
import { appErrorOf } from '../../support/app-error-of.ts'
import { codeOf } from '../../support/authenticator.ts'
import { makeUser, newPlatformKeys, uniqueEmail } from '../../support/sign-in-parts.ts'
import { type SignInServer, startSignInServer } from '../../support/sign-in-server.ts'

const password = 'correct horse battery'
const stepMs = 30_000

describe('second factors', function () {
  this.timeout(60_000)
  let server: SignInServer
  let anonymous: ApiClient
  let now = 1_800_000_000_000
  const oneTimeCodes = createOneTimeCodes({ keys: newPlatformKeys(), now: () => now })
  before(async () => {
    server = await startSignInServer({ extend: async () => ({ oneTimeCodes }) })
    anonymous = createApiClient(server.url)
  })
  after(() => server?.stop())
  beforeEach(() => {
    now += 10 * stepMs
  })

  const login = (email: string, otp?: string, given = password) =>
    anonymous.post('/auth/login', { email, password: given, ...(otp !== undefined && { otp }) })
  const eventsOf = async (action: string, userId: string): Promise<string[]> => {
    const sql = `select outcome from audit_events where action = $1 and leaf like '%' || $2 || '%' order by id`
    const rows = await server.database.owner.query<{ outcome: string }>(sql, [action, userId])
    return rows.map(({ outcome }) => outcome)
  }

  async function makePlain() {
    const { email, id: userId } = await makeUser(server.parts, { password })
    const client = createApiClient(server.url, (await login(email)).body['accessToken'])
    return { email, userId, client }
  }

  /** Confirmed some steps ago. */
  async function makeProtected() {
    const somebody = await makePlain()
    const { secret } = (await somebody.client.post('/auth/totp')).body as { secret: string }
    const confirmed = await somebody.client.post('/auth/totp/confirm', { code: codeOf(secret, now) })
    expect(confirmed.status, JSON.stringify(confirmed.body)).to.equal(200)
    const codeThen = codeOf(secret, now)
    now += 3 * stepMs
    return { ...somebody, secret, codeThen, recoveryCodes: confirmed.body['recoveryCodes'] as string[] }
  }

  describe('that are made', () => {
    it('count once they are confirmed, and show their codes once', async () => {
      const { email, userId, client } = await makePlain()
      const begun = await client.post('/auth/totp')
      expect(begun.status).to.equal(201)
      expect(begun.headers.get('cache-control')).to.equal('no-store')
      const { secret, otpauthUrl } = begun.body as { secret: string; otpauthUrl: string }
      expect(new URL(otpauthUrl).searchParams.get('secret')).to.equal(secret)
      expect((await login(email)).status, 'unconfirmed').to.equal(200)
      expect((await client.get('/auth/me')).body['user']).to.include({ secondFactor: false })
      const wrong = await client.post('/auth/totp/confirm', { code: codeOf(secret, now + 5 * stepMs) })
      expect(wrong.body).to.include({ status: 401, code: 'auth.otp_invalid' })
      const confirmed = await client.post('/auth/totp/confirm', { code: codeOf(secret, now) })
      expect(confirmed.status).to.equal(200)
      expect(confirmed.headers.get('cache-control')).to.equal('no-store')
      expect(new Set(confirmed.body['recoveryCodes']).size).to.equal(10)
      expect((await client.get('/auth/me')).body['user']).to.include({ secondFactor: true })
      for (const path of ['/auth/totp', '/auth/totp/confirm']) {
        const again = await client.post(path, path === '/auth/totp' ? {} : { code: codeOf(secret, now) })
        expect(again.body, path).to.include({ status: 409, code: 'auth.second_factor_set' })
      }
      expect(await eventsOf('second_factor.create', userId)).to.deep.equal(['success'])
      expect(await eventsOf('second_factor.confirm', userId)).to.deep.equal(['failure', 'success'])
    })

    it('replace one that wasn’t confirmed, whose codes are wrong from then on', async () => {
      const { client } = await makePlain()
      expect((await client.post('/auth/totp/confirm', { code: '000000' })).status, 'none').to.equal(404)
      const first = (await client.post('/auth/totp')).body as { secret: string }
      const second = (await client.post('/auth/totp')).body as { secret: string }
      expect((await client.post('/auth/totp/confirm', { code: codeOf(first.secret, now) })).status).to.equal(401)
      expect((await client.post('/auth/totp/confirm', { code: codeOf(second.secret, now) })).status).to.equal(200)
    })

    it('are confirmed once of two at the same time, and the codes that are shown are those that count', async () => {
      const { email, client } = await makePlain()
      const { secret } = (await client.post('/auth/totp')).body as { secret: string }
      const code = codeOf(secret, now)
      const answers = await Promise.all([1, 2, 3].map(() => client.post('/auth/totp/confirm', { code })))
      const shown = answers.filter(({ status }) => status === 200)
      expect(shown).to.have.length(1)
      expect((await login(email, shown[0]?.body['recoveryCodes'][3])).status).to.equal(200)
    })

    it('need a session, and store neither the secret nor a recovery code', async () => {
      const { client, userId, secret, recoveryCodes } = await makeProtected()
      const made = await client.post('/auth/api-keys', { name: 'A', scopes: ['chat:read'] })
      const program = createApiClient(server.url, made.body['key'])
      for (const path of ['/auth/totp', '/auth/totp/confirm'])
        expect((await program.post(path, { code: '1' })).body).to.include({ code: 'auth.session_required' })
      const rows = await server.database.owner.query<{ row: string }>(
        `select encode(sealed_secret, 'escape') || f::text as row from totp_factors f where user_id = $1
         union all select encode(code_hash, 'escape') || c::text from recovery_codes c where user_id = $1`,
        [userId],
      )
      expect(rows).to.have.length(11)
      const stored = rows.map(({ row }) => row).join()
      for (const text of [secret, ...recoveryCodes, ...recoveryCodes.map((code) => code.replaceAll('-', ''))])
        expect(stored).to.not.include(text)
      const told = await server.database.owner.query<{ leaf: string }>('select leaf from audit_events')
      for (const text of [secret, ...recoveryCodes]) expect(JSON.stringify(told)).to.not.include(text)
    })
  })

  describe('in a sign-in', () => {
    it('are asked for after a right password alone', async () => {
      const { email, userId, secret } = await makeProtected()
      const asked = await login(email)
      expect(asked.body).to.include({ status: 401, code: 'auth.otp_required' })
      const code = codeOf(secret, now)
      const wrong = await login(email, code, 'wrong horse battery')
      const unknown = await login(uniqueEmail(), code)
      const plain = await login((await makePlain()).email, code, 'wrong horse battery')
      for (const { status, body } of [wrong, unknown, plain])
        expect([status, JSON.stringify(body)]).to.deep.equal([401, JSON.stringify(unknown.body)])
      expect(wrong.body).to.include({ code: 'auth.invalid_credentials' })
      expect((await login(email, code)).status).to.equal(200)
      expect(await eventsOf('auth.login', userId)).to.deep.equal(['success', 'failure', 'failure', 'success'])
    })

    it('[S11] take no code twice, nor one of an earlier step', async () => {
      const { email, secret } = await makeProtected()
      const code = codeOf(secret, now)
      expect((await login(email, code)).status).to.equal(200)
      const again = await login(email, code)
      expect(again.body).to.include({ status: 401, code: 'auth.otp_invalid' })
      expect((await login(email, codeOf(secret, now - stepMs))).status, 'the step before').to.equal(401)
      expect((await login(email, codeOf(secret, now + 2 * stepMs))).status, 'too early').to.equal(401)
      expect((await login(email, codeOf(secret, now + stepMs))).status, 'a clock that is fast').to.equal(200)
    })

    it('[S11] don’t take the code that has confirmed them', async () => {
      const { email, client } = await makePlain()
      const { secret } = (await client.post('/auth/totp')).body as { secret: string }
      const code = codeOf(secret, now)
      expect((await client.post('/auth/totp/confirm', { code })).status).to.equal(200)
      expect((await login(email, code)).body).to.include({ status: 401, code: 'auth.otp_invalid' })
      expect((await login(email, codeOf(secret, now + stepMs))).status, 'the next').to.equal(200)
    })

    it('[S11] open one session, however many come at once with one code', async () => {
      const { email, userId, secret, recoveryCodes } = await makeProtected()
      for (const otp of [codeOf(secret, now), recoveryCodes[0]]) {
        const answers = await Promise.all(Array.from({ length: 6 }, () => login(email, otp)))
        expect(answers.filter(({ status }) => status === 200)).to.have.length(1)
        expect(answers.filter(({ body }) => body['code'] === 'auth.otp_invalid')).to.have.length(5)
      }
      const sessions = await server.database.owner.query('select id from sessions where user_id = $1', [userId])
      expect(sessions, 'with that of the test').to.have.length(3)
    })

    it('take a recovery code once, as people type it, and none of somebody else', async () => {
      const [one, other] = [await makeProtected(), await makeProtected()]
      const [first = '', second = ''] = one.recoveryCodes
      expect((await login(other.email, first)).status).to.equal(401)
      expect((await login(one.email, first.toUpperCase().replaceAll('-', ' '))).status).to.equal(200)
      expect((await login(one.email, first)).body).to.include({ code: 'auth.otp_invalid' })
      expect((await login(one.email, second)).status).to.equal(200)
    })

    it('[S11] keep a code where the session isn’t made', async () => {
      const { email, userId, secret } = await makeProtected()
      const otp = codeOf(secret, now)
      const overtaken = {
        ...server.parts,
        oneTimeCodes,
        passwords: {
          ...server.parts.passwords,
          verify: async (...given: Parameters<typeof server.parts.passwords.verify>) => {
            const result = await server.parts.passwords.verify(...given)
            await server.database.owner.execute('update users set disabled_at = now() where id = $1', [userId])
            return result
          },
        },
      }
      const error = await appErrorOf(signIn(overtaken, { email, password, otp }))
      expect(error.code).to.equal('auth.invalid_credentials')
      await server.database.owner.execute('update users set disabled_at = null where id = $1', [userId])
      expect((await login(email, otp)).status).to.equal(200)
    })

    it('are guessed at ten times a quarter of an hour, from wherever, also on a device that is known', async () => {
      const rateLimits = createRateLimits({ redis: undefined, keys: newPlatformKeys(), factor: 1 })
      const limited = await startSignInServer({
        environment: { CDSA_TRUST_PROXY: '1' },
        extend: async () => ({ rateLimits, oneTimeCodes }),
      })
      try {
        const { email } = await makeUser(limited.parts, { password })
        const far = createApiClient(limited.url)
        let address = 0
        const signIn = (otp?: string, cookie = '') =>
          far.post(
            '/auth/login',
            { email, password, ...(otp !== undefined && { otp }) },
            { 'x-forwarded-for': `198.51.100.${(address += 1)}`, cookie },
          )
        const known = await signIn()
        const cookie = known.headers
          .getSetCookie()
          .map((one) => one.split(';')[0])
          .join('; ')
        const client = createApiClient(limited.url, known.body['accessToken'])
        const { secret } = (await client.post('/auth/totp')).body as { secret: string }
        await client.post('/auth/totp/confirm', { code: codeOf(secret, now) })
        now += 3 * stepMs
        const statuses: number[] = []
        for (let guess = 0; guess < 12; guess += 1) statuses.push((await signIn('000000', cookie)).status)
        expect(statuses).to.deep.equal([...Array<number>(10).fill(401), 429, 429])
        expect((await signIn(codeOf(secret, now), cookie)).status, 'the right one, too').to.equal(429)
      } finally {
        await limited.stop()
      }
    })

    it('count a wrong code as a failed attempt, and a missing one not', async () => {
      const { email, secret } = await makeProtected()
      const counted = new Map<string, number>()
      const add = (by: number) => async (name: string) => void counted.set(name, (counted.get(name) ?? 0) + by)
      const context = { ...server.parts, oneTimeCodes, limits: { consume: add(1), giveBack: add(-1) } }
      const counts = () => ['login-account', 'login-address', 'login-new-device'].map((name) => counted.get(name))
      expect((await appErrorOf(signIn(context, { email, password }))).code).to.equal('auth.otp_required')
      expect(counts()).to.deep.equal([0, 0, 0])
      const otp = codeOf(secret, now + 9 * stepMs)
      expect((await appErrorOf(signIn(context, { email, password, otp }))).code).to.equal('auth.otp_invalid')
      expect(counts()).to.deep.equal([1, 1, 1])
      await signIn(context, { email, password, otp: codeOf(secret, now) })
      expect(counts()).to.deep.equal([1, 1, 1])
    })
  })

  describe('that are removed', () => {
    it('need a code that counts, and leave the sessions', async () => {
      const { email, userId, client, secret, codeThen, recoveryCodes } = await makeProtected()
      const remove = (code: string) => client.request('DELETE', '/auth/totp', { body: { code } })
      for (const wrong of ['000000', codeThen, 'x'])
        expect((await remove(wrong)).body).to.include({ status: 401, code: 'auth.otp_invalid' })
      expect((await remove(codeOf(secret, now))).status).to.equal(204)
      expect((await client.get('/auth/me')).body['user']).to.include({ secondFactor: false })
      expect((await login(email)).status).to.equal(200)
      expect((await remove(recoveryCodes[0] ?? '')).status).to.equal(404)
      const outcomes = await eventsOf('second_factor.delete', userId)
      expect(outcomes).to.deep.equal(['failure', 'failure', 'failure', 'success'])
    })

    it('take their recovery codes with them, one of which suffices', async () => {
      const { client, userId, email, recoveryCodes } = await makeProtected()
      const body = { code: recoveryCodes[9] }
      expect((await client.request('DELETE', '/auth/totp', { body })).status).to.equal(204)
      const left = await server.database.owner.query('select 1 as one from recovery_codes where user_id = $1', [userId])
      expect(left).to.deep.equal([])
      const { secret } = (await client.post('/auth/totp')).body as { secret: string }
      expect((await client.post('/auth/totp/confirm', { code: codeOf(secret, now) })).status).to.equal(200)
      expect((await login(email, recoveryCodes[1])).status, 'of the one before').to.equal(401)
    })

    it('are removed by an administrator for whoever has lost theirs', async () => {
      const [admin, stranger] = [await server.clientWith('admin'), await server.clientWith('user')]
      const { userId, email, client } = await makeProtected()
      expect((await admin.get(`/users/${userId}`)).body['user']).to.include({ secondFactor: true })
      expect((await stranger.request('DELETE', `/users/${userId}/totp`)).status).to.equal(403)
      expect((await admin.request('DELETE', `/users/${userId}/totp`)).status).to.equal(204)
      expect((await admin.request('DELETE', `/users/${userId}/totp`)).status).to.equal(404)
      expect((await login(email)).status).to.equal(200)
      expect((await client.get('/auth/me')).status).to.equal(200)
      expect(await eventsOf('second_factor.delete', userId)).to.deep.equal(['success'])
    })
  })
})
