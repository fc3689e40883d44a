// The protocol, against a real provider: what is asked for, what is read, and how the provider's own settings are met.
import { expect } from 'chai'
import { parseConfig } from '../../../platform/config.ts'
import { type Oidc, createOidc } from '../../../platform/oidc/oidc.ts'
import { captureLog } from '../../support/captured-log.ts'
import { testEgress } from '../../support/egress-harness.ts'
import { type OidcProvider, oidcClient, startOidcProvider } from '../../support/oidc-provider.ts'
import { createWebBrowser } from '../../support/web-browser.ts'

const publicUrl = 'https://ai.example.org'
const callback = `${publicUrl}/api/v1/auth/oidc/callback`

interface Settings {
  readonly provider: OidcProvider
  readonly environment?: Readonly<Record<string, string>>
}

function connect({ provider, environment = {} }: Settings): Oidc {
  const config = parseConfig({
    CDSA_PUBLIC_URL: publicUrl,
    OIDC_ISSUER: provider.issuer,
    OIDC_CLIENT_ID: oidcClient.id,
    OIDC_CLIENT_SECRET: oidcClient.secret,
    ...environment,
  })
  const oidc = createOidc({ config, egress: testEgress({ allow: [provider.place] }), log: captureLog().log })
  if (oidc === undefined) throw new Error('No provider is configured.')
  return oidc
}

async function claimsOf(oidc: Oidc, sub: string) {
  const { url, checks } = await oidc.begin()
  const back = new URL(await createWebBrowser().signInAt(url, { sub, callback }))
  return { url: new URL(url), claims: await oidc.finish(Object.fromEntries(back.searchParams), checks) }
}

describe('OpenID Connect', function () {
  this.timeout(20_000)
  const providers: OidcProvider[] = []
  after(() => Promise.all(providers.map((provider) => provider.stop())))

  async function start(options: Partial<Parameters<typeof startOidcProvider>[0]> = {}): Promise<OidcProvider> {
    const provider = await startOidcProvider({ redirectUris: [callback], ...options })
    providers.push(provider)
    provider.accounts.set('ada', { sub: 'ada', email: 'Ada@Example.org', email_verified: true, name: 'Ada' })
    return provider
  }

  it('asks for a code with PKCE, state and nonce, of which none is ever the same', async () => {
    const provider = await start()
    const oidc = connect({ provider })
    const { url, claims } = await claimsOf(oidc, 'ada')
    const asked = Object.fromEntries(url.searchParams)
    expect(asked).to.include({ response_type: 'code', scope: 'openid email profile', redirect_uri: callback })
    expect(asked).to.include({ code_challenge_method: 'S256', client_id: oidcClient.id })
    expect(claims).to.deep.equal({
      issuer: provider.issuer,
      subject: 'ada',
      email: 'Ada@Example.org',
      emailVerified: true,
      name: 'Ada',
    })
    const again = new URL((await oidc.begin()).url)
    for (const name of ['state', 'nonce', 'code_challenge'])
      expect(again.searchParams.get(name), name).to.have.length(43).and.not.equal(asked[name])
  })

  it('reads the id token where everything is in it, and else asks for the rest', async () => {
    const complete = await start({ isConforming: false })
    expect((await claimsOf(connect({ provider: complete }), 'ada')).claims.email).to.equal('Ada@Example.org')
    expect(complete.requests).not.to.include('/me')
    const sparse = await start()
    expect((await claimsOf(connect({ provider: sparse }), 'ada')).claims.email).to.equal('Ada@Example.org')
    expect(sparse.requests).to.include('/me')
  })

  it('takes nothing but true for a verified address', async () => {
    const provider = await start()
    const oidc = connect({ provider })
    for (const verified of [undefined, false, 'true', 1]) {
      provider.accounts.set('b', { sub: 'b', email: 'b@example.org', email_verified: verified as boolean })
      expect((await claimsOf(oidc, 'b')).claims.emailVerified, String(verified)).to.equal(false)
    }
  })

  it('speaks for a client with a secret in the body, and for one without', async () => {
    const post = await start({ authentication: 'client_secret_post' })
    expect((await claimsOf(connect({ provider: post }), 'ada')).claims.subject).to.equal('ada')
    const open = await start({ authentication: 'none' })
    const environment = { OIDC_CLIENT_SECRET: '' }
    expect((await claimsOf(connect({ provider: open, environment }), 'ada')).claims.subject).to.equal('ada')
  })

  it('asks the provider about itself once, at the first sign-in', async () => {
    const provider = await start()
    const oidc = connect({ provider })
    expect(provider.requests).to.deep.equal([])
    await Promise.all([oidc.begin(), oidc.begin(), oidc.begin()])
    await oidc.begin()
    expect(provider.requests).to.deep.equal(['/.well-known/openid-configuration'])
  })

  it('leads back to where the API listens, unless another origin is configured', async () => {
    const provider = await start()
    const local = connect({ provider, environment: { CDSA_PUBLIC_URL: '' } })
    local.listensAt('http://127.0.0.1:3210')
    const leadsTo = async (oidc: Oidc) => new URL((await oidc.begin()).url).searchParams.get('redirect_uri')
    expect(await leadsTo(local)).to.equal('http://127.0.0.1:3210/api/v1/auth/oidc/callback')
    const proxied = connect({ provider })
    proxied.listensAt('http://127.0.0.1:3210')
    expect(await leadsTo(proxied)).to.equal(callback)
  })
})
