// Passwords over HTTP: changed by whoever knows the one before, set by whoever reads the account's mail, and told about to
// nobody else. The mails are real ones, in an outbox.
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { expect } from 'chai'
import { forgotPassword } from '../../../api/auth/forgot-password.ts'
import { updateUser } from '../../../db/auth/users.ts'
import { createRateLimits } from '../../../platform/rate-limits.ts'
import { type ApiClient, createApiClient } from '../../support/api-client.ts'
import { eventually } from '../../support/eventually.ts'
import { mailsTo, tokenIn } from '../../support/outbox.ts'
import { mailInto, recordingTemporal } from '../../support/password-mails.ts'
import { countQueries, makeUser, uniqueEmail } from '../../support/sign-in-parts.ts'
import { type SignInServer, startSignInServer } from '../../support/sign-in-server.ts'

const password = 'correct horse battery'
const newPassword = 'another horse staple'

describe('passwords', function () {
  this.timeout(60_000)
  let server: SignInServer
  let anonymous: ApiClient
  let dataDir: string
  const { started, temporal } = recordingTemporal()
  before(async () => {
    dataDir = await mkdtemp(join(tmpdir(), 'cdsa-test-'))
    server = await startSignInServer({ extend: async () => ({ temporal }) })
    anonymous = createApiClient(server.url)
  })
  after(async () => {
    await server?.stop()
    await rm(dataDir, { recursive: true, force: true })
  })

  const login = (email: string, given: string) => anonymous.post('/auth/login', { email, password: given })
  const reset = (token: string, given = newPassword) =>
    anonymous.post('/auth/password/reset', { token, newPassword: given })
  const ownerQuery = <Row extends object>(sql: string, bind: unknown[]) => server.database.owner.query<Row>(sql, bind)
  const leavesOf = async (action: string, part: string): Promise<string[]> => {
    const sql = `select leaf from audit_events where leaf like '%"action":"' || $1 || '"%' and leaf like '%' || $2 || '%'`
    return (await ownerQuery<{ leaf: string }>(sql, [action, part])).map(({ leaf }) => leaf)
  }

  /** Somebody with two sessions and an API key. */
  async function makeSomebody() {
    const { id: userId, email } = await makeUser(server.parts, { password })
    const signIn = async () => {
      const { accessToken, refreshToken } = (await login(email, password)).body as Record<string, string>
      return { client: createApiClient(server.url, accessToken), refreshToken }
    }
    const [here, there] = [await signIn(), await signIn()]
    const made = await here.client.post('/auth/api-keys', { name: 'A', scopes: ['chat:read'] })
    const program = createApiClient(server.url, made.body['key'])
    expect((await program.get('/auth/me')).status).to.equal(200)
    return { userId, email, here, there, program }
  }

  async function expectEverythingEnded({ here, there, program }: Awaited<ReturnType<typeof makeSomebody>>) {
    for (const client of [here.client, there.client, program])
      expect((await client.get('/auth/me')).status).to.equal(401)
    for (const { refreshToken } of [here, there])
      expect((await anonymous.post('/auth/refresh', { refreshToken })).status).to.equal(401)
  }

  /** Asks for a link and mails it; resolves to its token. */
  async function forget(email: string): Promise<string> {
    const before = started.length
    expect((await anonymous.post('/auth/password/forgot', { email })).status).to.equal(202)
    await eventually('the mail is on its way', () => started.length > before)
    const known = (await mailsTo(dataDir, email)).map(tokenIn)
    await mailInto(server.parts, { CDSA_DATA_DIR: dataDir })(started.at(-1)?.args[0] ?? { linkId: '' })
    const [token = '', ...others] = (await mailsTo(dataDir, email)).map(tokenIn).filter((one) => !known.includes(one))
    expect(others).to.deep.equal([])
    return token
  }

  describe('that are changed', () => {
    it('end every session, refresh token and API key, and are told of once', async () => {
      const somebody = await makeSomebody()
      const body = { currentPassword: password, newPassword }
      const answer = await somebody.here.client.post('/auth/password', body)
      expect(answer.status).to.equal(204)
      await expectEverythingEnded(somebody)
      expect((await login(somebody.email, password)).status).to.equal(401)
      expect((await login(somebody.email, newPassword)).status).to.equal(200)
      const [leaf = '', ...others] = await leavesOf('password.change', somebody.userId)
      expect(others).to.deep.equal([])
      expect(JSON.parse(leaf)).to.deep.include({ outcome: 'success', details: { sessions: 2, apiKeys: 1 } })
    })

    it('need the one before, and may not be common', async () => {
      const { userId, here } = await makeSomebody()
      const wrong = await here.client.post('/auth/password', { currentPassword: 'wrong horse', newPassword })
      expect([wrong.status, wrong.body['code']]).to.deep.equal([401, 'auth.invalid_credentials'])
      const failed = (await leavesOf('password.change', userId)).map((leaf) => JSON.parse(leaf).outcome)
      expect(failed).to.deep.equal(['failure'])
      const common = await here.client.post('/auth/password', {
        currentPassword: password,
        newPassword: 'qwerty123456',
      })
      expect(common.status).to.equal(422)
      expect(common.body['errors']).to.deep.equal([{ path: 'newPassword', message: 'is too common' }])
      expect((await here.client.get('/auth/me')).status).to.equal(200)
    })

    it('of two at once are changed by one', async () => {
      const { email, here, there } = await makeSomebody()
      const given = ['first horse staple', 'second horse staple']
      const answers = await Promise.all(
        [here, there].map(({ client }, n) =>
          client.post('/auth/password', { currentPassword: password, newPassword: given[n] }),
        ),
      )
      expect(answers.map(({ status }) => status)).to.have.members([204, 401])
      const winner = given[answers.findIndex(({ status }) => status === 204)] ?? ''
      expect((await login(email, winner)).status).to.equal(200)
    })

    it('can’t be where there is none, nor by an API key, and make open links void', async () => {
      const { userId, email, here, program } = await makeSomebody()
      const body = { currentPassword: password, newPassword }
      expect((await program.post('/auth/password', body)).body).to.include({ code: 'auth.session_required' })
      const token = await forget(email)
      expect((await here.client.post('/auth/password', body)).status).to.equal(204)
      expect((await reset(token)).body).to.include({ status: 422, code: 'auth.link_invalid' })
      const signedIn = createApiClient(server.url, (await login(email, newPassword)).body['accessToken'])
      await server.database.owner.execute('update users set password_hash = null, pepper_id = null where id = $1', [
        userId,
      ])
      expect((await signedIn.post('/auth/password', body)).body).to.include({ status: 409, code: 'auth.no_password' })
    })
  })

  describe('that are forgotten', () => {
    it('are set by the link of the mail, once, and everything ends', async () => {
      const somebody = await makeSomebody()
      const { email, userId } = somebody
      const other = await forget(email)
      const token = await forget(email)
      expect(token).to.match(/^[A-Za-z0-9_-]{43}$/)
      expect((await reset(token, 'qwerty123456')).body['errors']).to.deep.equal([
        { path: 'newPassword', message: 'is too common' },
      ])
      expect((await reset(token)).status).to.equal(204)
      await expectEverythingEnded(somebody)
      expect((await login(email, newPassword)).status).to.equal(200)
      for (const used of [token, other]) {
        expect((await reset(used, 'third horse staple')).body, 'again').to.include({ code: 'auth.link_invalid' })
      }
      const [user] = await ownerQuery<{ verified: boolean }>(
        'select email_verified_at is not null as verified from users where id = $1',
        [userId],
      )
      expect(user?.verified).to.equal(true)
      expect(await leavesOf('password.reset', userId)).to.have.length(1)
      expect(await leavesOf('password.forget', userId)).to.have.length(2)
    })

    it('take away a second factor that whoever registered has set, until the address is proven', async () => {
      const { email, id: userId } = await makeUser(server.parts, { password })
      const protect = () =>
        server.database.owner.execute(
          `insert into totp_factors (user_id, sealed_secret, platform_key_id, confirmed_at) values ($1, '', '1', now())`,
          [userId],
        )
      const factors = () => ownerQuery('select user_id from totp_factors where user_id = $1', [userId])
      await protect()
      expect((await reset(await forget(email))).status).to.equal(204)
      expect(await factors(), 'somebody else’s').to.deep.equal([])
      await protect()
      expect((await reset(await forget(email), 'third horse staple')).status).to.equal(204)
      expect(await factors(), 'its owner’s').to.have.length(1)
    })

    it('are set by one of many requests with the same link, or with two of its account', async () => {
      const { email, userId } = await makeSomebody()
      const tokens = [await forget(email), await forget(email)]
      const answers = await Promise.all([...tokens, ...tokens, ...tokens].map((token) => reset(token)))
      expect(answers.filter(({ status }) => status === 204)).to.have.length(1)
      expect(answers.filter(({ body }) => body['code'] === 'auth.link_invalid')).to.have.length(5)
      expect(await leavesOf('password.reset', userId)).to.have.length(1)
    })

    it('stay as they are for a link that is wrong or has expired, and for a disabled account', async () => {
      const { email, userId } = await makeSomebody()
      const token = await forget(email)
      for (const wrong of ['x', 'A'.repeat(43), `${token}x`, token.slice(0, -1)])
        expect((await reset(wrong)).body, wrong).to.include({ status: 422, code: 'auth.link_invalid' })
      await updateUser(server.parts.db, { userId, patch: { disabled: true } })
      expect((await reset(token)).body).to.include({ code: 'auth.link_invalid' })
      await updateUser(server.parts.db, { userId, patch: { disabled: false } })
      const sql = `update password_links set expires_at = now() - interval '1 second' where user_id = $1`
      await server.database.owner.execute(sql, [userId])
      expect((await reset(token)).body).to.include({ code: 'auth.link_invalid' })
      expect((await login(email, password)).status).to.equal(200)
    })

    it('hold for an hour, and no row and no log line holds the token', async () => {
      const { email, userId } = await makeSomebody()
      const token = await forget(email)
      const [link] = await ownerQuery<{ row: string; holds: string }>(
        `select l::text as row, (expires_at - created_at)::text as holds from password_links l where user_id = $1`,
        [userId],
      )
      expect(link?.holds).to.equal('01:00:00')
      expect(link?.row).to.not.include(token)
      expect(JSON.stringify(started)).to.not.include(token)
      expect((await leavesOf('password.forget', userId)).join())
        .to.not.include(token)
        .and.not.include(email)
      expect(server.parts.lines.join()).to.not.include(token)
    })

    it('[S8] are answered alike for every address, after the same statements', async () => {
      const { email, userId } = await makeSomebody()
      const disabled = await makeUser(server.parts)
      await updateUser(server.parts.db, { userId: disabled.id, patch: { disabled: true } })
      const unknown = uniqueEmail()
      const addresses = [email, unknown, disabled.email]
      const answers = []
      for (const address of addresses) {
        const { status, body, headers } = await anonymous.post('/auth/password/forgot', { email: address })
        const names = [...headers.keys()].filter((name) => name !== 'x-request-id')
        answers.push(JSON.stringify({ status, body, names }))
      }
      expect(new Set(answers).size, answers.join('\n')).to.equal(1)
      const context = { ...server.parts, temporal }
      const counts: number[] = []
      for (const address of addresses)
        counts.push(await countQueries(server.database.db, () => forgotPassword(context, { email: address })))
      expect(new Set(counts).size, counts.join()).to.equal(1)
      const linked = await ownerQuery(
        'select distinct user_id as id from password_links where user_id = any($1::uuid[])',
        [[userId, disabled.id]],
      )
      expect(linked).to.deep.equal([{ id: userId }])
    })

    it('[S8] of an unknown address are told of by a keyed hash alone', async () => {
      const unknown = uniqueEmail()
      await anonymous.post('/auth/password/forgot', { email: unknown })
      const [refused] = [await login(unknown, password)]
      expect(refused?.status).to.equal(401)
      const [forgot = ''] = (await leavesOf('password.forget', 'loginHmac')).slice(-1)
      const { details, resource } = JSON.parse(forgot) as { details: { loginHmac: string }; resource: object }
      expect(resource).to.deep.equal({ type: 'user' })
      expect(forgot).to.not.include(unknown)
      expect(await leavesOf('auth.login', details.loginHmac), 'the same hash as a refused sign-in’s').to.have.length(1)
    })

    it('bring five mails an hour and no more, in silence', async () => {
      const { email, userId } = await makeUser(server.parts).then(({ id, email }) => ({ userId: id, email }))
      const rateLimits = createRateLimits({ redis: undefined, keys: server.parts.keys, factor: 1 })
      for (let asked = 0; asked < 8; asked += 1)
        await forgotPassword({ ...server.parts, temporal, rateLimits }, { email })
      expect(await ownerQuery('select id from password_links where user_id = $1', [userId])).to.have.length(5)
      expect(await leavesOf('password.forget', userId)).to.have.length(8)
    })
  })
})
