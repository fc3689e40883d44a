// Refresh tokens over HTTP: one exchange each, the same successor for tabs that come together, the end of the family for
// whoever comes later, and a cookie that no other page can use.
import { expect } from 'chai'
import { purgeSessions } from '../../../db/auth/sessions.ts'
import { type ApiClient, createApiClient } from '../../support/api-client.ts'
import { makeUser } from '../../support/sign-in-parts.ts'
import { type SignInServer, startSignInServer } from '../../support/sign-in-server.ts'

const password = 'correct horse battery'

describe('refreshing', () => {
  let server: SignInServer
  let anonymous: ApiClient
  before(async function () {
    this.timeout(60_000)
    server = await startSignInServer()
    anonymous = createApiClient(server.url)
  })
  after(() => server.stop())

  async function signIn() {
    const { email, id: userId } = await makeUser(server.parts, { password })
    const login = await anonymous.post('/auth/login', { email, password })
    const { accessToken, refreshToken } = login.body as { accessToken: string; refreshToken: string }
    return { userId, accessToken, refreshToken, cookies: login.headers.getSetCookie() }
  }

  const refresh = (refreshToken: string) => anonymous.post('/auth/refresh', { refreshToken })
  const isSignedIn = async (accessToken: string): Promise<boolean> =>
    (await createApiClient(server.url, accessToken).get('/auth/me')).status === 200
  /** As if its consumption were so long ago. */
  const age = (seconds: number) =>
    server.database.owner.execute(
      'update refresh_tokens set consumed_at = consumed_at - make_interval(secs => $1) where consumed_at is not null',
      [seconds],
    )
  const eventsOf = async (action: string, userId: string): Promise<number> => {
    const sql = `select id from audit_events where leaf like '%"action":"' || $1 || '"%' and leaf like '%' || $2 || '%'`
    return (await server.database.owner.query(sql, [action, userId])).length
  }

  it('gives a new pair, and says so once in the log', async () => {
    const { userId, accessToken, refreshToken } = await signIn()
    const answer = await refresh(refreshToken)
    expect(answer.status).to.equal(200)
    expect(answer.headers.get('cache-control')).to.equal('no-store')
    expect(answer.body['refreshToken'])
      .to.match(/^[A-Za-z0-9_-]{43}$/)
      .and.not.equal(refreshToken)
    expect(answer.body['user'].id).to.equal(userId)
    expect(await isSignedIn(answer.body['accessToken'])).to.equal(true)
    expect(await isSignedIn(accessToken), 'the access token before').to.equal(true)
    expect(await eventsOf('auth.refresh', userId)).to.equal(1)
  })

  it('[S4] gives twenty that come at once one successor, and logs nobody out', async () => {
    const { accessToken, refreshToken } = await signIn()
    const answers = await Promise.all(Array.from({ length: 20 }, () => refresh(refreshToken)))
    expect(answers.map(({ status }) => status)).to.deep.equal(Array.from({ length: 20 }, () => 200))
    const successors = new Set(answers.map(({ body }) => body['refreshToken'] as string))
    expect(successors.size).to.equal(1)
    expect(await isSignedIn(accessToken)).to.equal(true)
    const [successor = ''] = successors
    expect((await refresh(successor)).status).to.equal(200)
  })

  it('[S5] ends the family when a token comes again after the grace, and tells the log', async () => {
    const { userId, accessToken, refreshToken } = await signIn()
    const next = (await refresh(refreshToken)).body as { accessToken: string; refreshToken: string }
    await age(11)
    const again = await refresh(refreshToken)
    expect(again.status).to.equal(401)
    expect(again.body).to.include({ code: 'auth.refresh_invalid' })
    expect((await refresh(next.refreshToken)).status, 'the thief’s, or the owner’s').to.equal(401)
    expect(await isSignedIn(accessToken)).to.equal(false)
    expect(await isSignedIn(next.accessToken)).to.equal(false)
    expect(await eventsOf('auth.reuse', userId)).to.equal(1)
  })

  it('[S5] ends it within the grace, too, once the successor was used', async () => {
    const { refreshToken } = await signIn()
    const second = (await refresh(refreshToken)).body['refreshToken'] as string
    const third = (await refresh(second)).body as { accessToken: string; refreshToken: string }
    expect((await refresh(refreshToken)).status).to.equal(401)
    expect((await refresh(third.refreshToken)).status).to.equal(401)
    expect(await isSignedIn(third.accessToken)).to.equal(false)
  })

  it('stores no token, and refuses what never was one', async () => {
    const { refreshToken, accessToken } = await signIn()
    const rows = await server.database.owner.query<{ row: string }>('select t::text as row from refresh_tokens t')
    expect(rows.length).to.be.greaterThan(0)
    for (const { row } of rows) expect(row).to.not.include(refreshToken)
    for (const given of ['', 'x', 'A'.repeat(43), accessToken.slice(0, 200)]) {
      expect((await refresh(given)).status, given).to.equal(401)
    }
  })

  it('[S2] is refused as an access token', async () => {
    const { refreshToken } = await signIn()
    expect((await createApiClient(server.url, refreshToken).get('/auth/me')).status).to.equal(401)
  })

  it('[S6] ends with the session', async () => {
    const { accessToken, refreshToken } = await signIn()
    const client = createApiClient(server.url, accessToken)
    expect((await client.post('/auth/logout')).status).to.equal(204)
    expect((await refresh(refreshToken)).status).to.equal(401)
  })

  describe('by the cookie', () => {
    const cookieOf = (cookies: readonly string[]): string =>
      cookies.find((cookie) => cookie.startsWith('__Host-cdsa_refresh='))?.split(';')[0] ?? ''
    const byCookie = (path: string, cookie: string, headers: Record<string, string> = {}) =>
      anonymous.post(path, {}, { cookie, ...headers })

    it('leaves the token out of the body, and sets the next cookie', async () => {
      const { cookies } = await signIn()
      const [first = ''] = cookies.filter((cookie) => cookie.startsWith('__Host-cdsa_refresh='))
      expect(first).to.match(/; Path=\/; Max-Age=2592000; HttpOnly; Secure; SameSite=Strict$/)
      const answer = await byCookie('/auth/refresh', cookieOf(cookies))
      expect(answer.status).to.equal(200)
      expect(answer.body).to.not.have.property('refreshToken')
      const next = cookieOf(answer.headers.getSetCookie())
      expect(next).to.not.be.oneOf(['', cookieOf(cookies)])
      expect((await byCookie('/auth/refresh', next)).status).to.equal(200)
    })

    it('[S15] is refused to a page of another origin, before anything is consumed', async () => {
      const { cookies } = await signIn()
      const cookie = cookieOf(cookies)
      const strangers: readonly Record<string, string>[] = [
        { origin: 'https://evil.example' },
        { origin: 'null' },
        { 'sec-fetch-site': 'cross-site' },
      ]
      for (const headers of strangers) {
        for (const path of ['/auth/refresh', '/auth/logout']) {
          const answer = await byCookie(path, cookie, headers)
          expect(answer.status, `${path} ${JSON.stringify(headers)}`).to.equal(403)
          expect(answer.body).to.include({ code: 'auth.origin_refused' })
        }
      }
      expect((await byCookie('/auth/refresh', cookie, { origin: server.url })).status).to.equal(200)
    })

    it('signs out also where a token that is no good any more is sent along', async () => {
      const { cookies, accessToken } = await signIn()
      const expired = { authorization: `Bearer ${accessToken.slice(0, -6)}AAAAAA` }
      expect((await byCookie('/auth/logout', cookieOf(cookies), expired)).status).to.equal(204)
      expect(await isSignedIn(accessToken)).to.equal(false)
      expect((await byCookie('/auth/logout', cookieOf(cookies), expired)).status, 'again').to.equal(401)
    })

    it('signs out where the access token has expired, and clears the cookie', async () => {
      const { cookies, accessToken } = await signIn()
      const answer = await byCookie('/auth/logout', cookieOf(cookies))
      expect(answer.status).to.equal(204)
      expect(answer.headers.getSetCookie().join()).to.match(/^__Host-cdsa_refresh=; Path=\/; Max-Age=0;/)
      expect(await isSignedIn(accessToken)).to.equal(false)
    })
  })

  it('lists where one is signed in, and ends one of them', async () => {
    const { email } = await makeUser(server.parts, { password })
    const sign = async () => (await anonymous.post('/auth/login', { email, password })).body['accessToken'] as string
    const [here, there] = [createApiClient(server.url, await sign()), createApiClient(server.url, await sign())]
    const stranger = await server.clientWith('user')
    const listed = (await here.get('/auth/sessions')).body['data'] as { id: string; current: boolean }[]
    expect(listed.map(({ current }) => current)).to.deep.equal([false, true])
    const other = listed[0]?.id ?? ''
    expect((await stranger.request('DELETE', `/auth/sessions/${other}`)).status, 'somebody else’s').to.equal(404)
    expect((await there.get('/auth/me')).status).to.equal(200)
    expect((await here.request('DELETE', `/auth/sessions/${other}`)).status).to.equal(204)
    expect((await there.get('/auth/me')).status).to.equal(401)
    expect((await here.get('/auth/sessions')).body['data']).to.have.length(1)
    expect((await here.request('DELETE', `/auth/sessions/${other}`)).status, 'again').to.equal(404)
  })

  it('forgets sessions that are long over, with their tokens', async () => {
    const { userId } = await signIn()
    expect(await purgeSessions(server.database.db)).to.equal(0)
    await server.database.owner.execute(
      `update sessions set revoked_at = now() - interval '31 days' where user_id = $1`,
      [userId],
    )
    expect(await purgeSessions(server.database.db)).to.equal(1)
    const kept = await server.database.owner.query('select id from sessions where user_id = $1', [userId])
    expect(kept).to.deep.equal([])
  })
})
