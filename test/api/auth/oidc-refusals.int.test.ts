// What doesn't sign anybody in: callbacks that were forged, lured, repeated or late, tokens that aren't the provider's, and
// providers that can't be reached. Nothing that came from outside is repeated in an answer or a log.
import { expect } from 'chai'
import type { JWTPayload } from 'jose'
import {
  type OidcWorld,
  callbackUrl,
  cookiesOf,
  flowCookie,
  publicUrl,
  refreshCookie,
  startOidcWorld,
  startUrl,
} from '../../support/oidc-world.ts'
import { type SignedWith, oidcClient } from '../../support/oidc-provider.ts'
import { startSignInServer } from '../../support/sign-in-server.ts'
import type { Page, WebBrowser } from '../../support/web-browser.ts'

describe('what sign-in by OpenID Connect refuses', function () {
  this.timeout(30_000)
  let world: OidcWorld
  before(async function () {
    this.timeout(60_000)
    world = await startOidcWorld()
  })
  after(() => world.stop())
  afterEach(() => world.provider.replaceIdToken(undefined))

  function expectRefused(page: Page, browser: WebBrowser, status = 401, code = 'auth.oidc_failed'): void {
    expect(page.status, page.text).to.equal(status)
    expect(page.headers.get('content-type')).to.equal('application/problem+json')
    expect(JSON.parse(page.text)).to.include({ code })
    expect([...cookiesOf(browser).keys()]).not.to.include(refreshCookie)
  }

  /** The callback’s address with its query changed. */
  function changed(address: string, change: (query: URLSearchParams) => void): string {
    const url = new URL(address)
    change(url.searchParams)
    return url.href
  }

  it('leads nowhere but to a path of its own', async () => {
    for (const path of [
      'https://evil.example',
      '//evil.example',
      '/\\evil.example',
      '/%2F/evil.example',
      'chats',
      '/%09',
    ]) {
      const page = await world.browser().open(`${startUrl}?returnTo=${encodeURIComponent(path)}`)
      expect(page.status, path).to.equal(400)
      expect(page.headers.get('location'), path).to.equal(null)
    }
    expect((await world.browser().open(`${startUrl}?returnTo=/a&returnTo=/b`)).status).to.equal(400)
  })

  it('a callback in another browser, and one without a beginning', async () => {
    const { sub } = world.person()
    const [own, lured] = [world.browser(), world.browser()]
    const address = await world.reach(own, sub)
    expectRefused(await lured.open(address), lured)
    await lured.open(startUrl)
    expectRefused(await lured.open(address), lured)
    expect((await own.open(address)).status, 'nobody else has used it up').to.equal(302)
  })

  it('a state, an issuer or a code that isn’t what was asked for', async () => {
    const { sub } = world.person()
    const changes: ((query: URLSearchParams) => void)[] = [
      (query) => query.set('state', 'another'),
      (query) => query.delete('state'),
      (query) => query.set('iss', 'https://evil.example'),
      (query) => query.delete('iss'),
      (query) => query.set('code', 'another'),
      (query) => query.delete('code'),
    ]
    for (const change of changes) {
      const browser = world.browser()
      expectRefused(await browser.open(changed(await world.reach(browser, sub), change)), browser)
      expect([...cookiesOf(browser).keys()], 'the flow is over').not.to.include(flowCookie)
    }
  })

  it('a cookie that was changed, is of another purpose, or has expired', async () => {
    const { sub } = world.person()
    const { keys } = world.server.parts
    const ticket = (purpose: string, expiresAt: number): string => {
      const flow = { state: 'a', nonce: 'b', codeVerifier: 'c', returnTo: '/', expiresAt }
      const { keyId, sealed } = keys.seal(purpose, Buffer.from(JSON.stringify(flow)))
      return `${Buffer.from(keyId).toString('base64url')}.${sealed.toString('base64url')}`
    }
    const now = Math.floor(Date.now() / 1_000)
    for (const forge of [
      (value: string) => `${value.slice(0, -4)}AAAA`,
      () => '',
      () => 'e30.e30',
      () => ticket('codec-session', now + 60),
      () => ticket('oidc-flow', now - 1),
    ]) {
      const browser = world.browser()
      const address = await world.reach(browser, sub)
      const jar = cookiesOf(browser)
      jar.set(flowCookie, forge(jar.get(flowCookie) ?? ''))
      const page = await browser.open(changed(address, (query) => query.set('state', 'a')))
      expectRefused(page, browser)
      expect(JSON.parse(page.text).detail).to.include('another browser, or too long ago')
    }
  })

  it('a callback that has signed somebody in before', async () => {
    const browser = world.browser()
    const address = await world.reach(browser, world.person().sub)
    const kept = new Map(cookiesOf(browser))
    expect((await browser.open(address)).status).to.equal(302)
    const thief = world.browser()
    thief.cookies.set(publicUrl, kept)
    expectRefused(await thief.open(address), thief)
  })

  it('a code without the verifier of who asked for it, by the provider itself', async () => {
    const browser = world.browser()
    const address = new URL(await world.reach(browser, world.person().sub))
    const exchange = async (extra: Record<string, string>): Promise<Response> =>
      fetch(`${world.provider.issuer}/token`, {
        method: 'POST',
        headers: {
          authorization: `Basic ${btoa([oidcClient.id, oidcClient.secret].map((part) => encodeURIComponent(part).replaceAll('%20', '+')).join(':'))}`,
        },
        body: new URLSearchParams({
          grant_type: 'authorization_code',
          code: address.searchParams.get('code') ?? '',
          redirect_uri: callbackUrl,
          ...extra,
        }),
      })
    for (const extra of [{}, { code_verifier: 'a'.repeat(43) }]) {
      const answer = await exchange(extra)
      expect(answer.status).to.equal(400)
      expect(await answer.json()).to.include({ error: 'invalid_grant' })
    }
  })

  it('an id token that isn’t signed by the provider, or says something else', async () => {
    const { sub } = world.person()
    const past = Math.floor(Date.now() / 1_000) - 3_600
    const replacements: Readonly<Record<string, SignedWith>> = {
      'another key': { claims: (claims: JWTPayload) => claims, foreignKey: true },
      'another audience': { claims: (claims: JWTPayload) => ({ ...claims, aud: 'another' }) },
      'another issuer': { claims: (claims: JWTPayload) => ({ ...claims, iss: 'https://evil.example' }) },
      'another nonce': { claims: (claims: JWTPayload) => ({ ...claims, nonce: 'another' }) },
      'no nonce': { claims: ({ nonce: _nonce, ...claims }: JWTPayload) => claims },
      'of yesterday': { claims: (claims: JWTPayload) => ({ ...claims, iat: past - 60, exp: past }) },
    }
    for (const [what, replacement] of Object.entries(replacements)) {
      world.provider.replaceIdToken(replacement)
      const browser = world.browser()
      const page = await browser.open(await world.reach(browser, sub))
      expect(page.status, what).to.equal(401)
      expectRefused(page, browser)
    }
    world.provider.replaceIdToken({ claims: (claims) => claims })
    expect((await world.signIn(sub)).status, 'signed again, and nothing else').to.equal(302)
  })

  it('what the provider refuses, and repeats no word of it', async () => {
    const texts = { error_description: 'canary text', error_uri: 'https://evil.example/canary' }
    for (const [error, detail] of [
      ['access_denied', 'The provider answered “access_denied”.'],
      ['canary_error', 'The provider’s answer can’t be accepted.'],
    ] as const) {
      const browser = world.browser()
      const address = await world.reach(browser, world.person().sub)
      const page = await browser.open(
        changed(address, (query) => {
          query.delete('code')
          for (const [name, value] of Object.entries({ error, ...texts })) query.set(name, value)
        }),
      )
      expectRefused(page, browser)
      expect(JSON.parse(page.text)).to.include({ detail })
      expect(page.text).not.to.include('canary')
    }
  })

  it('without a token, a code or an address in any log', async () => {
    const { sub, email } = world.person()
    const browser = world.browser()
    const address = new URL(await world.reach(browser, sub))
    const flow = cookiesOf(browser).get(flowCookie) ?? 'none'
    await browser.open(address.href)
    const again = world.browser()
    again.cookies.set(publicUrl, new Map([[flowCookie, flow]]))
    expectRefused(await again.open(address.href), again)
    const logged = [...world.lines, ...world.server.parts.lines].join('\n')
    expect(logged).to.include('a sign-in by OpenID Connect failed').and.to.include('/auth/oidc/callback')
    const secrets = [
      address.searchParams.get('code'),
      address.searchParams.get('state'),
      flow,
      sub,
      email,
      oidcClient.secret,
    ]
    for (const secret of secrets) expect(logged).not.to.include(secret)
  })

  it('everybody, while the provider is away', async () => {
    const away = await startOidcWorld()
    try {
      const browser = away.browser()
      const address = await away.reach(browser, away.person().sub)
      await away.provider.stop()
      const page = await browser.open(address)
      expectRefused(page, browser, 503, 'service.unavailable')
      expect(page.headers.get('retry-after')).to.equal('5')
      const start = await away.browser().open(startUrl)
      expect(start.status, 'it is asked again about itself').to.equal(503)
      expect(JSON.parse(start.text)).to.include({ code: 'service.unavailable' })
    } finally {
      await away.stop()
    }
  })

  it('a provider that the guard doesn’t let through', async () => {
    const guarded = await startOidcWorld({ allow: [] })
    try {
      const page = await guarded.browser().open(startUrl)
      expectRefused(page, guarded.browser(), 503, 'auth.oidc_unavailable')
      expect(guarded.provider.requests).to.deep.equal([])
      expect(guarded.lines.join('\n')).to.include('refused a connection to the outside')
    } finally {
      await guarded.stop()
    }
  })

  it('everybody, where there is no provider', async () => {
    const plain = await startSignInServer()
    try {
      for (const path of ['start', 'callback?code=a&state=b']) {
        const answer = await fetch(`${plain.url}/api/v1/auth/oidc/${path}`, { redirect: 'manual' })
        expect(answer.status).to.equal(404)
        expect(await answer.json()).to.include({ code: 'auth.oidc_not_configured' })
      }
    } finally {
      await plain.stop()
    }
  })
})
