// Turns an address and a password into a session and an access token. Every refusal is the same answer after the same
// work, so that nobody learns which addresses are registered or which accounts are disabled.
import { createHmac } from 'node:crypto'
import type { AuditAttempt } from '../../domain/audit/event.ts'
import { createSession } from '../../db/auth/sessions.ts'
import { type LoginRecord, findUserForLogin, getUser, renewPasswordHash } from '../../db/auth/users.ts'
import { newId } from '../../db/ids.ts'
import type { Credentials, Token } from '../../domain/auth/user.ts'
import { AppError } from '../../domain/errors.ts'
import type { PublicContext } from '../../platform/platform.ts'
import { audited } from '../audit/audited.ts'

type LoginContext = Pick<
  PublicContext,
  'db' | 'log' | 'keys' | 'passwords' | 'accessTokens' | 'ip' | 'userAgent' | 'requestId'
>

/** Throws `auth.invalid_credentials` whatever was wrong, and `auth.busy`. */
export async function login(context: LoginContext, credentials: Credentials): Promise<Token> {
  const { db, accessTokens, ip, userAgent } = context
  const { user, needsRehash } = await checkCredentials(context, credentials)
  const sessionId = newId()
  const session = { id: sessionId, userId: user.id, passwordHash: user.passwordHash, ip, userAgent }
  await audited(
    context,
    async (tx) => {
      if (!(await createSession(tx, session))) throw refusal(context, credentials.email, user.id)
    },
    () => ({
      action: 'auth.login',
      actor: { type: 'user', id: user.id, sessionId },
      resource: { type: 'session', id: sessionId },
    }),
  )
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
  context: LoginContext,
  { email, password }: Credentials,
): Promise<{ readonly user: LoginRecord; readonly needsRehash: boolean }> {
  const { db, passwords } = context
  const user = await findUserForLogin(db, email)
  const stored = user && { hash: user.passwordHash, pepperId: user.pepperId }
  const { valid, needsRehash } = await passwords.verify(password, stored)
  if (user === undefined || !valid || user.disabled) throw refusal(context, email, user?.id)
  return { user, needsRehash }
}

/** What was typed may be anything, also a password: the log gets an account's id, or else a keyed hash. */
function refusal({ keys }: LoginContext, email: string, userId: string | undefined): AppError {
  const login = createHmac('sha256', keys.derive('audit-login')).update(email).digest('base64url')
  const attempt: AuditAttempt = {
    action: 'auth.login',
    outcome: 'failure',
    resource: { type: 'user', id: userId },
    ...(userId === undefined ? { details: { loginHmac: login, keyId: keys.currentId } } : {}),
    subjectId: userId,
  }
  return new AppError('auth.invalid_credentials', { attempt })
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
