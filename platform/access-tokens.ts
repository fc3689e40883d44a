// Access tokens (RFC 9068): ES256 JWTs of some minutes that name a user and a session. passport-jwt checks signature,
// times, issuer and audience; what jsonwebtoken lets pass is refused here first: foreign header fields, second spellings.
import { type KeyObject, randomUUID } from 'node:crypto'
import type { IncomingMessage } from 'node:http'
import { callbackify } from 'node:util'
import jwt from 'jsonwebtoken'
import { Strategy, type VerifiedCallback } from 'passport-jwt'
import { z } from 'zod'
import { defaultTokenTimes } from '../domain/auth/token-times.ts'
import { AppError } from '../domain/errors.ts'
import { createVerifiedTokens } from './auth/verified-tokens.ts'
import type { SigningKeys } from './signing-keys.ts'

const issuer = 'cdsa'
const audience = 'cdsa-api'
const tokenType = 'at+jwt'
const maxTokenLength = 4_096

/** Exactly what we issue: `jwk`, `jku`, `x5u` or `crit` in a header is a forgery, and is never followed. */
const headerSchema = z.strictObject({
  alg: z.literal('ES256'),
  typ: z.literal(tokenType),
  kid: z.string().regex(/^[A-Za-z0-9_-]{43}$/),
})

const claimsSchema = z.object({
  iss: z.literal(issuer),
  aud: z.literal(audience),
  sub: z.uuid(),
  sid: z.uuid(),
  jti: z.string(),
  iat: z.int(),
  exp: z.int(),
})

export interface TokenSubject {
  readonly userId: string
  readonly sessionId: string
}

export type AccessTokens = ReturnType<typeof createAccessTokens>

/** The segment's bytes; undefined where another spelling of the same bytes was sent (RFC 4648 3.5). */
function canonicalBytes(segment: string): Buffer | undefined {
  const bytes = Buffer.from(segment, 'base64url')
  return segment !== '' && bytes.toString('base64url') === segment ? bytes : undefined
}

/** RFC 6750 2.1, with nothing after the token; passport-jwt's own extractor drops what follows it. */
export function bearerToken(request: IncomingMessage): string | null {
  return /^Bearer +([\w.~+/=-]+)$/i.exec(request.headers.authorization ?? '')?.[1] ?? null
}

/** The key id that a well-formed token names, else undefined. */
function keyIdOf(token: string): string | undefined {
  if (token.length > maxTokenLength) return undefined
  const [header, ...others] = token.split('.').map(canonicalBytes)
  if (header === undefined || others.length !== 2 || others.includes(undefined)) return undefined
  try {
    return headerSchema.safeParse(JSON.parse(header.toString('utf8'))).data?.kid
  } catch {
    return undefined
  }
}

/** A fault of ours that passport would otherwise report as a bad token. */
function unavailable(cause: unknown): never {
  if (cause instanceof AppError) throw cause
  throw new AppError('service.unavailable', { detail: 'The keys that check access tokens can’t be read.', cause })
}

export function createAccessTokens(
  signingKeys: Pick<SigningKeys, 'current' | 'publicKey'>,
  { accessTokenSeconds: expiresInSeconds } = defaultTokenTimes,
) {
  const verified = createVerifiedTokens()

  /** Throws `auth.unauthenticated` for a token that isn't ours, and what loading the keys throws. */
  async function publicKeyOf(token: string): Promise<KeyObject> {
    const kid = keyIdOf(token)
    const key = kid === undefined ? undefined : await signingKeys.publicKey(kid).catch(unavailable)
    if (key === undefined) throw new AppError('auth.unauthenticated')
    return key
  }

  return {
    async issueAccessToken({
      userId,
      sessionId,
    }: TokenSubject): Promise<{ readonly token: string; readonly expiresInSeconds: number }> {
      const { kid, privateKey } = await signingKeys.current()
      const token = jwt.sign({ sid: sessionId }, privateKey, {
        algorithm: 'ES256',
        header: { alg: 'ES256', kid, typ: tokenType },
        issuer,
        audience,
        subject: userId,
        jwtid: randomUUID(),
        expiresIn: expiresInSeconds,
      })
      return { token, expiresInSeconds }
    },

    /**
     * Whom a request’s token names, where its signature was checked before; undefined: ask the strategy. Throws what loading
     * the keys throws.
     */
    async verifiedSubject(request: IncomingMessage): Promise<TokenSubject | undefined> {
      const known = verified.find(bearerToken(request) ?? '')
      if (known === undefined) return undefined
      const { userId, sessionId, keyId } = known
      const key = await signingKeys.publicKey(keyId).catch(unavailable)
      return key === undefined ? undefined : { userId, sessionId }
    },

    /**
     * A passport strategy that reads the bearer token of a request and succeeds with what `find` resolves to. It fails
     * for a bad token, for one whose subject `find` doesn't find, and (with an AppError of another code than
     * `auth.unauthenticated`) when the keys can't be loaded. Use it by name: passport writes a request's callbacks on a
     * strategy that is passed as an object, and two requests at once would get each other's user.
     */
    strategy<Found extends object>(find: (subject: TokenSubject) => Promise<Found | undefined>): Strategy {
      return new Strategy(
        {
          jwtFromRequest: bearerToken,
          secretOrKeyProvider: (_request, token: string, done) => {
            // A key that is made already: jsonwebtoken takes one, and would make one of a PEM at each request.
            callbackify(publicKeyOf)(token, (error, key) => done(error, key as unknown as Buffer))
          },
          algorithms: ['ES256'],
          issuer,
          audience,
          passReqToCallback: true,
        },
        (request: IncomingMessage, payload: unknown, done: VerifiedCallback) => {
          const claims = claimsSchema.safeParse(payload).data
          const token = bearerToken(request) ?? ''
          const keyId = keyIdOf(token)
          if (claims === undefined || keyId === undefined) return done(null, false)
          const subject = { userId: claims.sub, sessionId: claims.sid }
          verified.keep(token, { ...subject, keyId, expiresAt: claims.exp * 1_000 })
          callbackify(find)(subject, (error, found) => done(error, found ?? false))
        },
      )
    },
  }
}
