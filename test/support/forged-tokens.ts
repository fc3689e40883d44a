// Access tokens made by hand: like those that are issued but for one thing, so that a test can show what that one does.
import { createHmac, generateKeyPairSync, randomBytes, randomUUID, sign } from 'node:crypto'
import type { IncomingMessage } from 'node:http'
import passport from 'passport'
import { type TokenSubject, createAccessTokens } from '../../platform/access-tokens.ts'

export const pair = generateKeyPairSync('ec', { namedCurve: 'P-256' })
export const other = generateKeyPairSync('ec', { namedCurve: 'P-256' })
export const kid = randomBytes(32).toString('base64url')
export const pem = pair.publicKey.export({ type: 'spki', format: 'pem' }).toString()
export const askedFor: string[] = []
export const tokens = createAccessTokens({
  current: async () => ({ kid, privateKey: pair.privateKey }),
  publicKey: async (asked) => {
    askedFor.push(asked)
    return asked === kid ? pair.publicKey : undefined
  },
})
export const subject: TokenSubject = { userId: randomUUID(), sessionId: randomUUID() }

export type Outcome = { readonly found: TokenSubject } | { readonly refused: unknown }

/** As a request with this Authorization header sees it. */
export function present(authorization: string | undefined, issued = tokens): Promise<Outcome> {
  const authenticator = new passport.Passport()
  authenticator.use(
    'bearer',
    issued.strategy(async (found) => found),
  )
  return new Promise((resolve, reject) => {
    const settle: passport.AuthenticateCallback = (error, found, info) => {
      if (error) return reject(error as Error)
      return resolve(found ? { found: found as TokenSubject } : { refused: info })
    }
    const request = { headers: authorization === undefined ? {} : { authorization } } as IncomingMessage
    authenticator.authenticate('bearer', { session: false }, settle)(request, undefined, reject)
  })
}

export const encode = (value: unknown): string => Buffer.from(JSON.stringify(value)).toString('base64url')
export const goodHeader = { alg: 'ES256', typ: 'at+jwt', kid }
export const seconds = () => Math.floor(Date.now() / 1000)
export const goodClaims = () => ({
  iss: 'cdsa',
  aud: 'cdsa-api',
  sub: subject.userId,
  sid: subject.sessionId,
  jti: randomUUID(),
  iat: seconds(),
  exp: seconds() + 600,
})

/** A token made by hand and signed with a real P-256 key, whatever its header says. */
export function forge(header: object = goodHeader, claims: unknown = goodClaims(), key = pair.privateKey): string {
  const input = `${encode(header)}.${encode(claims)}`
  const signature = sign('sha256', Buffer.from(input), { key, dsaEncoding: 'ieee-p1363' })
  return `${input}.${signature.toString('base64url')}`
}

export const hmac = (header: object, secret: string | Buffer, hash = 'sha256'): string => {
  const input = `${encode(header)}.${encode(goodClaims())}`
  return `${input}.${createHmac(hash, secret).update(input).digest('base64url')}`
}
