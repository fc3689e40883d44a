// The end of every way to sign in: a session with its first refresh token, told once to the log; and the answer that carries
// its tokens. Whoever calls this has made sure of who it is.
import { createRefreshToken } from '../../db/auth/refresh-tokens.ts'
import { type NewSession, createSession } from '../../db/auth/sessions.ts'
import { getUser } from '../../db/auth/users.ts'
import type { Db } from '../../db/database.ts'
import { newId } from '../../db/ids.ts'
import type { SignedIn, Token } from '../../domain/auth/user.ts'
import type { AppError } from '../../domain/errors.ts'
import type { Context, PublicContext } from '../../platform/platform.ts'
import { hashOfRefreshToken } from '../../platform/refresh-tokens.ts'
import { type Auditor, audited } from '../audit/audited.ts'
import { hostCookie, deviceCookie, refreshCookie } from '../http/cookies.ts'
import { type KnownDevice, deviceOf } from './known-device.ts'

type SessionContext = Auditor & Pick<PublicContext, 'db' | 'keys' | 'accessTokens' | 'refreshTokens'>

/** Uses a one-time code up in the transaction that makes the session, so that no code makes two. Throws when it can’t. */
export type SecondFactor = (tx: Db) => Promise<void>

export interface Beginning extends Pick<NewSession, 'userId' | 'passwordHash' | 'method'> {
  /** What refuses it where the account was disabled, or got another password, meanwhile. */
  readonly refusal: AppError
  readonly secondFactor?: SecondFactor | undefined
}

/** A session that has begun or goes on, with what the device is to be known by. */
export interface Begun {
  readonly token: SignedIn
  /** Only where a password was checked: it counts for nothing else. */
  readonly device?: KnownDevice | undefined
}

/** Throws `refusal`, and what the second factor throws. */
export async function beginSession(
  context: SessionContext,
  { refusal, secondFactor, ...beginning }: Beginning,
): Promise<Begun> {
  const { refreshTokens, ip, userAgent } = context
  const { userId, method } = beginning
  const sessionId = newId()
  const refreshToken = refreshTokens.first()
  await audited(
    context,
    async (tx) => {
      await secondFactor?.(tx)
      if (!(await createSession(tx, { ...beginning, id: sessionId, ip, userAgent }))) throw refusal
      await createRefreshToken(tx, { tokenHash: hashOfRefreshToken(refreshToken), sessionId })
    },
    () => ({
      action: 'auth.login',
      actor: { type: 'user', id: userId, sessionId },
      resource: { type: 'session', id: sessionId },
      details: { method, ...(secondFactor !== undefined && { secondFactor: true }) },
    }),
  )
  const { passwordHash } = beginning
  const device = passwordHash === undefined ? undefined : deviceOf(context.keys, { userId, passwordHash })
  return { ...(await tokensOf(context, { userId, sessionId, refreshToken })), device }
}

/** An access token for a live session. Throws `resource.not_found` when the account is gone. */
export async function tokensOf(
  { db, accessTokens }: Pick<Context, 'db' | 'accessTokens'>,
  { refreshToken, ...subject }: { readonly userId: string; readonly sessionId: string; readonly refreshToken: string },
): Promise<Begun> {
  const user = await getUser(db, subject.userId)
  const { token, expiresInSeconds } = await accessTokens.issueAccessToken(subject)
  return {
    token: { accessToken: token, tokenType: 'Bearer', expiresIn: expiresInSeconds, refreshToken, user },
  }
}

/** As long as a session lives. */
const refreshSeconds = 30 * 86_400
/** As long as browsers keep any cookie. */
const deviceSeconds = 400 * 86_400

/** The cookies that a browser is given with its tokens. */
export const cookiesOf = ({ token, device }: Begun): readonly string[] => [
  hostCookie(refreshCookie, token.refreshToken, { maxAgeSeconds: refreshSeconds }),
  ...(device === undefined ? [] : [hostCookie(deviceCookie, device, { maxAgeSeconds: deviceSeconds })]),
]

/** Answers that hold a token stay out of every cache (RFC 6749 5.1). */
export const uncached = { 'cache-control': 'no-store' }

export function signedInReply(begun: Begun): {
  readonly status: 200
  readonly body: Token
  readonly headers: Readonly<Record<string, string | readonly string[]>>
} {
  return { status: 200, body: begun.token, headers: { ...uncached, 'set-cookie': cookiesOf(begun) } }
}
