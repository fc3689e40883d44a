// Sign-in by OpenID Connect against a real provider: which account somebody gets, and what becomes of one that somebody else
// had registered before them.
import { expect } from 'chai'
import { updateUser } from '../../../db/auth/users.ts'
import { createApiClient, signIn } from '../../support/api-client.ts'
import {
  type OidcWorld,
  callbackUrl,
  cookiesOf,
  flowCookie,
  refreshCookie,
  startOidcWorld,
  startUrl,
} from '../../support/oidc-world.ts'
import { makeUser } from '../../support/sign-in-parts.ts'

const password = 'correct horse battery'

describe('sign-in by OpenID Connect', function () {
  this.timeout(30_000)
  let world: OidcWorld
  before(async function () {
    this.timeout(60_000)
    world = await startOidcWorld()
  })
  after(() => world.stop())

  const actionsOf = async (userId: string): Promise<string[]> =>
    (await world.told(userId)).map(({ action, outcome }) => (outcome === 'success' ? action : `${action} ${outcome}`))

  const accountOf = async (
    email: string,
  ): Promise<{ id: string; hasPassword: boolean; isVerified: boolean } | undefined> => {
    const [row] = await world.server.parts.db.query<{ id: string; hasPassword: boolean; isVerified: boolean }>(
      `select id, password_hash is not null as "hasPassword", email_verified_at is not null as "isVerified"
       from users where email = $1`,
      [email],
    )
    return row
  }

  const verify = (userId: string): Promise<number> =>
    world.server.parts.db.execute('update users set email_verified_at = now() where id = $1', [userId])

  it('makes an account at the first sign-in, and finds it again at the next', async () => {
    const ada = world.person({ name: 'Ada Lovelace' })
    const browser = world.browser()
    const began = await browser.open(`${startUrl}?returnTo=/chats/1%3Fa=b`)
    expect(began.status).to.equal(302)
    expect(began.headers.get('cache-control')).to.equal('no-store')
    expect(began.headers.get('location')).to.match(new RegExp(`^${world.provider.issuer}/auth\\?`))
    const [flow = ''] = began.headers.getSetCookie()
    expect(flow).to.match(/^__Host-cdsa_oidc=[\w.-]+;/)
    for (const attribute of ['Secure', 'HttpOnly', 'SameSite=Lax', 'Path=/', 'Max-Age=600'])
      expect(flow.split('; ')).to.include(attribute)

    const back = await browser.open(await world.reach(browser, ada.sub, '/chats/1?a=b'))
    expect(back.status).to.equal(302)
    expect(back.headers.get('location')).to.equal('/chats/1?a=b')
    expect(back.headers.get('cache-control')).to.equal('no-store')
    expect([...cookiesOf(browser).keys()])
      .to.include(refreshCookie)
      .and.not.include(flowCookie)
    const user = await world.whoIs(browser)
    expect(user).to.deep.include({ email: ada.email, displayName: 'Ada Lovelace', roles: ['user'] })
    expect(await accountOf(ada.email)).to.deep.equal({ id: user.id, hasPassword: false, isVerified: true })
    expect((await actionsOf(user.id)).slice(0, 2)).to.deep.equal(['user.create', 'auth.login'])

    const again = world.browser()
    const answer = await world.signIn(ada.sub, again)
    expect(answer.headers.get('location')).to.equal('/')
    expect((await world.whoIs(again)).id).to.equal(user.id)
    const logins = (await world.told(user.id)).filter(({ action }) => action === 'auth.login')
    expect(logins.map(({ details }) => details)).to.deep.equal([{ method: 'oidc' }, { method: 'oidc' }])
  })

  it('keeps the account of an identity whose address has changed', async () => {
    const person = world.person()
    const browser = world.browser()
    await world.signIn(person.sub, browser)
    const { id } = await world.whoIs(browser)
    const { email: taken } = await makeUser(world.server.parts)
    world.provider.accounts.set(person.sub, { ...person, email: taken, email_verified: false })
    const again = world.browser()
    expect((await world.signIn(person.sub, again)).status).to.equal(302)
    expect(await world.whoIs(again)).to.include({ id, email: person.email })
  })

  it('links an account whose address is proven, and its password goes on', async () => {
    const local = await makeUser(world.server.parts, { password })
    await verify(local.id)
    const before = await signIn(world.server.url, { email: local.email, password })
    const browser = world.browser()
    await world.signIn(world.person({ email: local.email.toUpperCase() }).sub, browser)
    expect((await world.whoIs(browser)).id).to.equal(local.id)
    expect((await before.get('/auth/me')).status).to.equal(200)
    await signIn(world.server.url, { email: local.email, password })
    expect((await actionsOf(local.id)).slice(0, 3)).to.deep.equal(['auth.login', 'identity.create', 'auth.login'])
  })

  it('takes an account from whoever registered it before the address’s owner came', async () => {
    const { db } = world.server.parts
    const local = await makeUser(world.server.parts, { password })
    const squatter = await signIn(world.server.url, { email: local.email, password })
    expect((await squatter.get('/auth/me')).status).to.equal(200)
    const login = await createApiClient(world.server.url).post('/auth/login', { email: local.email, password })
    const key = await squatter.post('/auth/api-keys', { name: 'kept', scopes: ['chat:read'] })
    expect(key.status).to.equal(201)
    await db.execute(
      `insert into totp_factors (user_id, sealed_secret, platform_key_id, confirmed_at) values ($1, 'a', '1', null)`,
      [local.id],
    )
    await db.execute(`insert into recovery_codes (user_id, code_hash) values ($1, 'a')`, [local.id])

    const browser = world.browser()
    expect((await world.signIn(world.person({ email: local.email }).sub, browser)).status).to.equal(302)
    expect((await world.whoIs(browser)).id).to.equal(local.id)
    expect(await accountOf(local.email)).to.deep.equal({ id: local.id, hasPassword: false, isVerified: true })
    expect((await squatter.get('/auth/me')).status, 'the session').to.equal(401)
    const byKey = createApiClient(world.server.url, key.body['key'])
    expect((await byKey.get('/auth/me')).status, 'the API key').to.equal(401)
    const anonymous = createApiClient(world.server.url)
    const { refreshToken } = login.body
    expect((await anonymous.post('/auth/refresh', { refreshToken })).status, 'the refresh token').to.equal(401)
    expect((await anonymous.post('/auth/login', { email: local.email, password })).status, 'the password').to.equal(401)
    for (const table of ['totp_factors', 'recovery_codes'])
      expect(await db.query(`select user_id from ${table} where user_id = $1`, [local.id]), table).to.deep.equal([])
    const linked = (await world.told(local.id)).find(({ action }) => action === 'identity.create')
    const taken = { sessions: 2, apiKeys: 1, secondFactorRemoved: true, membersRemoved: 0 }
    expect(linked?.details).to.deep.equal({ issuer: world.provider.issuer, reclaimed: true, ...taken })
  })

  it('makes and links nothing for an address that the provider doesn’t vouch for', async () => {
    const local = await makeUser(world.server.parts, { password })
    await verify(local.id)
    const before = await world.server.parts.db.query('select id from users')
    const { email: unheard } = world.person()
    for (const claims of [{ email: unheard }, { email: local.email }, { email: 'no address' }]) {
      const { sub } = world.person({ ...claims, email_verified: false })
      const browser = world.browser()
      const answer = await world.signIn(sub, browser)
      expect(answer.status).to.equal(403)
      expect(JSON.parse(answer.text)).to.include({ code: 'auth.oidc_unverified' })
      expect(cookiesOf(browser)).to.deep.equal(new Map())
    }
    expect(await world.server.parts.db.query('select id from users')).to.have.length(before.length)
    const linked = await world.server.parts.db.query('select 1 from oidc_identities where user_id = $1', [local.id])
    expect(linked).to.deep.equal([])
    await signIn(world.server.url, { email: local.email, password })
  })

  it('refuses a disabled account, linked or to be linked, and tells of it', async () => {
    const person = world.person()
    const browser = world.browser()
    await world.signIn(person.sub, browser)
    const { id } = await world.whoIs(browser)
    const local = await makeUser(world.server.parts, { password })
    for (const userId of [id, local.id]) await updateUser(world.server.parts.db, { userId, patch: { disabled: true } })
    for (const [userId, sub] of [
      [id, person.sub] as const,
      [local.id, world.person({ email: local.email }).sub] as const,
    ]) {
      const next = world.browser()
      const answer = await world.signIn(sub, next)
      expect(answer.status).to.equal(403)
      expect(JSON.parse(answer.text)).to.include({ code: 'auth.oidc_refused' })
      expect(cookiesOf(next)).to.deep.equal(new Map())
      expect((await actionsOf(userId)).at(-1)).to.equal('auth.login failure')
    }
    expect(await accountOf(local.email)).to.include({ hasPassword: true, isVerified: false })
  })

  it('makes one account of two first sign-ins at once', async () => {
    const { sub, email } = world.person()
    const browsers = Array.from({ length: 4 }, () => world.browser())
    const reached = await Promise.all(browsers.map((browser) => world.reach(browser, sub)))
    const answers = await Promise.all(browsers.map((browser, n) => browser.open(reached[n] ?? callbackUrl)))
    expect(answers.map(({ status }) => status)).to.deep.equal([302, 302, 302, 302])
    const ids = await Promise.all(browsers.map(async (browser) => (await world.whoIs(browser)).id))
    expect(new Set(ids)).to.deep.equal(new Set([(await accountOf(email))?.id]))
    const created = (await actionsOf(ids[0] ?? '')).filter(
      (action) => action !== 'auth.login' && action !== 'auth.refresh',
    )
    expect(created).to.deep.equal(['user.create'])
  })

  it('makes no account where registration is closed, and links those that there are', async () => {
    const closed = await startOidcWorld({ environment: { CDSA_REGISTRATION: 'closed' } })
    try {
      const answer = await closed.signIn(closed.person().sub)
      expect(answer.status).to.equal(403)
      expect(JSON.parse(answer.text)).to.include({ code: 'auth.registration_closed' })
      const local = await makeUser(closed.server.parts, { password })
      const browser = closed.browser()
      expect((await closed.signIn(closed.person({ email: local.email }).sub, browser)).status).to.equal(302)
      expect((await closed.whoIs(browser)).id).to.equal(local.id)
    } finally {
      await closed.stop()
    }
  })
})
