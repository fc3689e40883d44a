// Turns an address and a password into a session and an access token. Every refusal is the same answer after the same
// work, so that nobody learns which addresses are registered or which accounts are disabled.
import { createSession } from '../../db/auth/sessions.ts'
import { type LoginRecord, findUserForLogin, getUser, renewPasswordHash } from '../../db/auth/users.ts'
import { newId } from '../../db/ids.ts'
import type { Credentials, Token } from '../../domain/auth/user.ts'
import { AppError } from '../../domain/errors.ts'
import type { PublicContext } from '../../platform/platform.ts'

type LoginContext = Pick<PublicContext, 'db' | 'log' | 'passwords' | 'accessTokens' | 'ip' | 'userAgent'>

/** Throws `auth.invalid_credentials` whatever was wrong, and `auth.busy`. */
export async function login(context: LoginContext, credentials: Credentials): Promise<Token> {
  const { db, accessTokens, ip, userAgent } = context
  const { user, needsRehash } = await checkCredentials(context, credentials)
  const sessionId = newId()
  const made = await createSession(db, {
    id: sessionId,
    userId: user.id,
    passwordHash: user.passwordHash,
    ip,
    userAgent,
  })
  if (!made) throw new AppError('auth.invalid_credentials')
  if (needsRehash) await renewHash(context, { user, password: credentials.password })
  const { token, expiresInSeconds } = await accessTokens.issueAccessToken({ userId: user.id, sessionId })
  return {
    accessToken: token,
    tokenType: 'Bearer',
    expiresIn: expiresInSeconds,
    user: await getUser(db, user.id),
  }
}

/** The one gate of password sign-in. What refuses an attempt without a look at its password stands before the hash. */
async function checkCredentials(
  { db, passwords }: LoginContext,
  { email, password }: Credentials,
): Promise<{ readonly user: LoginRecord; readonly needsRehash: boolean }> {
  const user = await findUserForLogin(db, email)
  const stored = user && { hash: user.passwordHash, pepperId: user.pepperId }
  const { valid, needsRehash } = await passwords.verify(password, stored)
  if (user === undefined || !valid || user.disabled) throw new AppError('auth.invalid_credentials')
  return { user, needsRehash }
}

/** The new hash is made now, because the password is at hand only now; a failure can wait for the next sign-in. */
async function renewHash(
  { db, log, passwords }: LoginContext,
  { user, password }: { readonly user: LoginRecord; readonly password: string },
): Promise<void> {
  try {
    const { hash, pepperId } = await passwords.hash(password)
    await renewPasswordHash(db, { userId: user.id, from: user.passwordHash, passwordHash: hash, pepperId })
  } catch (error) {
    log.warn({ err: error, userId: user.id }, 'a password keeps its old hash until the next sign-in')
  }
}
