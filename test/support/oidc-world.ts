// The API behind a proxy of its own name, a real OpenID Connect provider, and browsers that go to and fro between them.
import { randomUUID } from 'node:crypto'
import { parseConfig } from '../../platform/config.ts'
import { createOidc } from '../../platform/oidc/oidc.ts'
import { createApiClient } from './api-client.ts'
import { captureLog } from './captured-log.ts'
import { testEgress } from './egress-harness.ts'
import { type OidcAccount, type OidcProvider, oidcClient, startOidcProvider } from './oidc-provider.ts'
import { uniqueEmail } from './sign-in-parts.ts'
import { type SignInServer, startSignInServer } from './sign-in-server.ts'
import { type Page, type WebBrowser, createWebBrowser } from './web-browser.ts'

export const publicUrl = 'https://ai.example.org'
export const startUrl = `${publicUrl}/api/v1/auth/oidc/start`
export const callbackUrl = `${publicUrl}/api/v1/auth/oidc/callback`
export const flowCookie = '__Host-cdsa_oidc'
export const refreshCookie = '__Host-cdsa_refresh'

export interface OidcWorld {
  readonly provider: OidcProvider
  readonly server: SignInServer
  /** What the platform logged of it. */
  readonly lines: readonly string[]
  browser(): WebBrowser
  /** Somebody whom the provider knows; with a name and a verified address of their own unless told otherwise. */
  person(claims?: Partial<OidcAccount>): OidcAccount & { readonly email: string }
  /** To the callback’s address, which isn’t opened. */
  reach(browser: WebBrowser, sub: string, returnTo?: string): Promise<string>
  /** The callback’s answer. */
  signIn(sub: string, browser?: WebBrowser): Promise<Page>
  /** Who the browser’s refresh cookie stands for. */
  whoIs(browser: WebBrowser): Promise<{ readonly id: string; readonly email: string; readonly roles: string[] }>
  /** Actions of the audit log about this account, in order, with their details. */
  told(userId: string): Promise<{ readonly action: string; readonly outcome: string; readonly details: unknown }[]>
  stop(): Promise<void>
}

export interface WorldOptions {
  readonly environment?: Readonly<Record<string, string>>
  /** What the guard lets through; the provider unless given. */
  readonly allow?: readonly string[]
}

export const cookiesOf = (browser: WebBrowser): Map<string, string> => browser.cookies.get(publicUrl) ?? new Map()

/** Takes seconds: raise the timeout of the hook that calls it. */
export async function startOidcWorld({ environment, allow }: WorldOptions = {}): Promise<OidcWorld> {
  const provider = await startOidcProvider({ redirectUris: [callbackUrl] })
  const given = {
    CDSA_PUBLIC_URL: publicUrl,
    OIDC_ISSUER: provider.issuer,
    OIDC_CLIENT_ID: oidcClient.id,
    OIDC_CLIENT_SECRET: oidcClient.secret,
    ...environment,
  }
  const { log, lines } = captureLog()
  const egress = testEgress({ allow: allow ?? [provider.place], log })
  const oidc = createOidc({ config: parseConfig(given), egress, log })
  const server = await startSignInServer({ environment: given, extend: async () => ({ egress, oidc }) })
  const { db } = server.parts

  const browser = (): WebBrowser => createWebBrowser({ [publicUrl]: server.url })
  const reach = (from: WebBrowser, sub: string, returnTo?: string): Promise<string> => {
    const query = returnTo === undefined ? '' : `?returnTo=${encodeURIComponent(returnTo)}`
    return from.signInAt(`${startUrl}${query}`, { sub, callback: callbackUrl })
  }
  return {
    provider,
    server,
    lines,
    browser,
    reach,
    person: (claims = {}) => {
      const sub = randomUUID()
      const account = { sub, email: uniqueEmail(), email_verified: true, name: 'Ada Lovelace', ...claims }
      provider.accounts.set(sub, account)
      return account
    },
    signIn: async (sub, from = browser()) => from.open(await reach(from, sub)),
    whoIs: async (from) => {
      const cookie = [...cookiesOf(from)].map(([name, value]) => `${name}=${value}`).join('; ')
      const refreshed = await createApiClient(server.url).request('POST', '/auth/refresh', { headers: { cookie } })
      const me = await createApiClient(server.url, refreshed.body['accessToken']).get('/auth/me')
      return me.body['user']
    },
    told: async (userId) => {
      const sql = `select leaf from audit_events where leaf like '%' || $1 || '%' order by id`
      const rows = await db.query<{ leaf: string }>(sql, [userId])
      return rows.map(({ leaf }) => JSON.parse(leaf))
    },
    stop: async () => {
      await server.stop()
      await provider.stop()
    },
  }
}
