// Sign-in by OpenID Connect: the authorization code flow with PKCE, state and nonce (RFC 6749, 7636, 9207; OpenID Connect
// Core 1.0). Who somebody is comes from an id token whose signature is verified, also over TLS: the standard lets one skip it.
import * as client from 'openid-client'
import { AppError } from '../../domain/errors.ts'
import type { Config } from '../config.ts'
import type { Egress } from '../egress/guarded-fetch.ts'
import type { Logger } from '../logger.ts'
import { callbackFailure, discoveryFailure } from './oidc-failure.ts'
import { createOidcFetch } from './oidc-fetch.ts'
import { type ProviderMetadata, keepMetadata } from './provider-metadata.ts'

/** What the callback is held against: it must come back to the browser that began, and to nobody else. */
export interface OidcChecks {
  readonly state: string
  readonly nonce: string
  readonly codeVerifier: string
}

/** Of the provider's answer, what the callback may hold. */
export interface OidcAnswer {
  readonly code?: string | undefined
  readonly state?: string | undefined
  readonly iss?: string | undefined
  readonly error?: string | undefined
}

/** What the provider says of who has signed in; nothing of it is normalised. */
export interface OidcClaims {
  readonly issuer: string
  readonly subject: string
  readonly email: string | undefined
  /** The provider vouches for it: nothing but `true` does. */
  readonly emailVerified: boolean
  readonly name: string | undefined
}

export interface Oidc {
  /** Throws `service.unavailable` and `auth.oidc_unavailable`. */
  begin(): Promise<{ readonly url: string; readonly checks: OidcChecks }>
  /** Throws the same, and `auth.oidc_failed`. */
  finish(answer: OidcAnswer, checks: OidcChecks): Promise<OidcClaims>
  /** Where the API listens: browsers come back there, unless the configuration names another origin. */
  listensAt(origin: string): void
}

const callbackPath = '/api/v1/auth/oidc/callback'
const scope = 'openid email profile'

/** `client_secret_basic` is what holds where nothing is registered or said (Discovery 1.0, 3). */
function authenticationOf(secret: string | undefined): client.ClientAuth {
  if (secret === undefined) return client.None()
  const basic = client.ClientSecretBasic(secret)
  const post = client.ClientSecretPost(secret)
  return (server, ...request) => {
    const methods = server.token_endpoint_auth_methods_supported ?? ['client_secret_basic']
    return methods.includes('client_secret_basic') ? basic(server, ...request) : post(server, ...request)
  }
}

const text = (value: unknown): string | undefined => (typeof value === 'string' && value !== '' ? value : undefined)

type TokenAnswer = Awaited<ReturnType<typeof client.authorizationCodeGrant>>

/** Providers may keep what a scope names out of the id token (Core 1.0, 5.4): then it is asked for. */
async function readClaims(configuration: client.Configuration, tokens: TokenAnswer): Promise<OidcClaims> {
  const token = tokens.claims()
  if (token === undefined) throw new client.ClientError('there is no id token')
  const isAsked = token['email'] === undefined && configuration.serverMetadata().userinfo_endpoint !== undefined
  const of = isAsked ? await client.fetchUserInfo(configuration, tokens.access_token, token.sub) : token
  return {
    issuer: token.iss,
    subject: token.sub,
    email: text(of['email']),
    emailVerified: of['email_verified'] === true,
    name: text(of['name']) ?? text(token['name']),
  }
}

interface Connection {
  readonly metadata: ProviderMetadata
  readonly log: Logger
  redirectUri(): string
}

async function discovered({ metadata, log }: Connection): Promise<client.Configuration> {
  try {
    return await metadata.get()
  } catch (error) {
    const failure = discoveryFailure(error)
    log.warn({ err: failure }, 'the OpenID Connect provider says nothing of itself that can be used')
    throw failure
  }
}

async function begin(connection: Connection): Promise<{ readonly url: string; readonly checks: OidcChecks }> {
  const configuration = await discovered(connection)
  const checks = {
    state: client.randomState(),
    nonce: client.randomNonce(),
    codeVerifier: client.randomPKCECodeVerifier(),
  }
  const url = client.buildAuthorizationUrl(configuration, {
    redirect_uri: connection.redirectUri(),
    scope,
    state: checks.state,
    nonce: checks.nonce,
    code_challenge: await client.calculatePKCECodeChallenge(checks.codeVerifier),
    code_challenge_method: 'S256',
  })
  return { url: url.href, checks }
}

async function finish(connection: Connection, answer: OidcAnswer, checks: OidcChecks): Promise<OidcClaims> {
  const configuration = await discovered(connection)
  const url = new URL(connection.redirectUri())
  for (const [name, value] of Object.entries(answer)) if (value !== undefined) url.searchParams.set(name, value)
  try {
    const tokens = await client.authorizationCodeGrant(configuration, url, {
      expectedState: checks.state,
      expectedNonce: checks.nonce,
      pkceCodeVerifier: checks.codeVerifier,
    })
    return await readClaims(configuration, tokens)
  } catch (error) {
    const failure = callbackFailure(error)
    // It may have moved; an answer that is refused says nothing about that.
    if (failure.code !== 'auth.oidc_failed') connection.metadata.forget()
    connection.log.warn({ err: failure }, 'a sign-in by OpenID Connect failed')
    throw failure
  }
}

export interface OidcOptions {
  readonly config: Pick<Config, 'auth'>
  readonly egress: Egress
  readonly log: Logger
}

/** Undefined where no provider is configured. Nothing connects before the first sign-in. */
export function createOidc({ config, egress, log }: OidcOptions): Oidc | undefined {
  const { oidc, publicUrl } = config.auth
  if (oidc === undefined) return undefined
  const { issuer, clientId, clientSecret } = oidc
  const isLocal = issuer.startsWith('http:')
  const metadata = keepMetadata(() =>
    client.discovery(new URL(issuer), clientId, undefined, authenticationOf(clientSecret?.reveal()), {
      [client.customFetch]: createOidcFetch(egress),
      execute: [client.enableNonRepudiationChecks, ...(isLocal ? [client.allowInsecureRequests] : [])],
    }),
  )
  let ownOrigin = publicUrl
  const redirectUri = (): string => {
    if (ownOrigin !== undefined) return `${ownOrigin}${callbackPath}`
    throw new AppError('auth.oidc_unavailable', {
      detail: 'The API doesn’t know its own address: set CDSA_PUBLIC_URL.',
    })
  }
  const connection = { metadata, log, redirectUri }
  return {
    begin: () => begin(connection),
    finish: (answer, checks) => finish(connection, answer, checks),
    listensAt: (origin) => {
      ownOrigin ??= origin
    },
  }
}
