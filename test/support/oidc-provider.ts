// A real OpenID Connect provider on loopback, with accounts of the test's choice. What comes from its token endpoint may be
// replaced, also by an id token that is signed with the provider's own key: what a bad or broken one would send.
import { once } from 'node:events'
import { type IncomingMessage, type ServerResponse, createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { SignJWT, type JWTPayload, exportJWK, generateKeyPair } from 'jose'
import { type Configuration, Provider } from 'oidc-provider'

export interface OidcAccount {
  readonly sub: string
  readonly email?: string
  readonly email_verified?: boolean
  readonly name?: string
}

export interface SignedWith {
  readonly claims: (claims: JWTPayload) => JWTPayload
  /** Signed with the key of somebody else, under the provider's key id. */
  readonly foreignKey?: boolean
}

export interface OidcProvider {
  readonly issuer: string
  /** `host:port`, for the list of what may be reached. */
  readonly place: string
  /** By its `sub`, which is what one signs in as. */
  readonly accounts: Map<string, OidcAccount>
  /** Paths that were asked for, in order. */
  readonly requests: string[]
  /** Of the next token answers; undefined: as the provider makes them. */
  replaceIdToken(change: SignedWith | undefined): void
  /** From now on nobody listens; safe to call twice. */
  stop(): Promise<void>
}

export const oidcClient = { id: 'cdsa', secret: 'a client secret of thirty-two by' }

const keyId = 'signing'

type KeyPair = Awaited<ReturnType<typeof generateKeyPair>>

const decoded = (jwt: string): JWTPayload =>
  JSON.parse(Buffer.from(jwt.split('.')[1] ?? '', 'base64url').toString()) as JWTPayload

/** Lets `change` have the whole body before it is sent. */
function rewriteBody(response: ServerResponse, change: (body: string) => Promise<string>): void {
  const send = response.end.bind(response)
  const end = (chunk?: unknown): ServerResponse => {
    const body = typeof chunk === 'string' || Buffer.isBuffer(chunk) ? chunk.toString() : ''
    void change(body).then((changed) => {
      response.setHeader('content-length', Buffer.byteLength(changed))
      send(changed)
    })
    return response
  }
  response.end = end as typeof response.end
}

function configurationOf(
  jwk: object,
  {
    redirectUris,
    isConforming,
    authentication = 'client_secret_basic',
    accounts,
  }: ProviderOptions & Pick<OidcProvider, 'accounts'>,
): Configuration {
  return {
    clients: [
      {
        client_id: oidcClient.id,
        redirect_uris: [...redirectUris],
        token_endpoint_auth_method: authentication,
        ...(authentication === 'none' ? {} : { client_secret: oidcClient.secret }),
      },
    ],
    clientAuthMethods: [authentication],
    jwks: { keys: [{ ...jwk, kid: keyId, alg: 'RS256', use: 'sig' }] },
    cookies: { keys: ['cookies of the provider'] },
    pkce: { required: () => true },
    claims: { openid: ['sub'], email: ['email', 'email_verified'], profile: ['name'] },
    conformIdTokenClaims: isConforming ?? true,
    ttl: { AccessToken: 600, AuthorizationCode: 60, IdToken: 600, Interaction: 600, Session: 600, Grant: 600 },
    findAccount: (_context, sub) => {
      const account = accounts.get(sub)
      return account && { accountId: sub, claims: () => ({ ...account }) }
    },
  }
}

export interface ProviderOptions {
  readonly redirectUris: readonly string[]
  /** True, as the standard has it: what a scope names comes from the userinfo endpoint, and isn't in the id token. */
  readonly isConforming?: boolean
  /** The only way in which the provider takes the client’s secret. */
  readonly authentication?: 'client_secret_basic' | 'client_secret_post' | 'none'
}

/** It warns of what a provider in production wouldn’t have: its accounts in memory, and its plain pages. */
function createProvider(...parameters: ConstructorParameters<typeof Provider>): Provider {
  const { warn } = console
  console.warn = () => undefined
  try {
    return new Provider(...parameters)
  } finally {
    console.warn = warn
  }
}

export async function startOidcProvider(options: ProviderOptions): Promise<OidcProvider> {
  const own = await generateKeyPair('RS256', { extractable: true })
  const foreign = await generateKeyPair('RS256')
  const accounts = new Map<string, OidcAccount>()
  const requests: string[] = []
  let replacement: SignedWith | undefined
  const sign = (claims: JWTPayload, { privateKey }: KeyPair): Promise<string> =>
    new SignJWT(claims).setProtectedHeader({ alg: 'RS256', kid: keyId }).sign(privateKey)
  const replaced = async (body: string): Promise<string> => {
    const answer = JSON.parse(body) as { id_token?: string }
    if (replacement === undefined || answer.id_token === undefined) return body
    const { claims, foreignKey = false } = replacement
    return JSON.stringify({
      ...answer,
      id_token: await sign(claims(decoded(answer.id_token)), foreignKey ? foreign : own),
    })
  }
  const server = createServer()
  server.listen({ host: '127.0.0.1', port: 0 })
  await once(server, 'listening')
  const place = `127.0.0.1:${(server.address() as AddressInfo).port}`
  const issuer = `http://${place}`
  const jwk = await exportJWK(own.privateKey)
  const serve = createProvider(issuer, configurationOf(jwk, { ...options, accounts })).callback()
  server.on('request', (request: IncomingMessage, response: ServerResponse) => {
    const [path = ''] = (request.url ?? '').split('?', 1)
    requests.push(path)
    if (path === '/token') rewriteBody(response, replaced)
    void serve(request, response)
  })
  const stop = async (): Promise<void> => {
    const closed = once(server, 'close')
    server.close()
    server.closeAllConnections()
    await closed
  }
  let stopped: Promise<void> | undefined
  return {
    issuer,
    place,
    accounts,
    requests,
    replaceIdToken: (change) => {
      replacement = change
    },
    stop: () => (stopped ??= stop()),
  }
}
