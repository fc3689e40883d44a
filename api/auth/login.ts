// Turns an address and a password into a session and its tokens. Every refusal is the same answer after the same
// work, so that nobody learns which addresses are registered or which accounts are disabled.
import { createHmac } from 'node:crypto'
import type { AuditAttempt } from '../../domain/audit/event.ts'
import { findUserForLogin, renewPasswordHash } from '../../db/auth/users.ts'
import type { Credentials } from '../../domain/auth/user.ts'
import { AppError } from '../../domain/errors.ts'
import type { PublicContext } from '../../platform/platform.ts'
import { type Begun, beginSession } from './begin-session.ts'
import { countAttempt } from './login-limits.ts'

type LoginContext = Pick<
  PublicContext,
  | 'db'
  | 'log'
  | 'keys'
  | 'passwords'
  | 'accessTokens'
  | 'refreshTokens'
  | 'limits'
  | 'cookie'
  | 'ip'
  | 'userAgent'
  | 'requestId'
>

/** Throws `auth.invalid_credentials` whatever was wrong, `request.limited`, and `auth.busy`. */
export async function login(context: LoginContext, credentials: Credentials): Promise<Begun> {
  const { user, needsRehash, settle } = await checkCredentials(context, credentials)
  const begun = await beginSession(context, {
    userId: user.id,
    passwordHash: user.passwordHash,
    method: 'password',
    refusal: refusal(context, credentials.email, user.id),
  })
  await settle()
  if (needsRehash) await renewHash(context, { user, password: credentials.password })
  return begun
}

interface Checked {
  readonly user: { readonly id: string; readonly passwordHash: string }
  readonly needsRehash: boolean
  /** The attempt doesn’t count as a failure. */
  readonly settle: () => Promise<void>
}

/** The one gate of password sign-in. What refuses an attempt without a look at its password stands before the hash. */
async function checkCredentials(context: LoginContext, { email, password }: Credentials): Promise<Checked> {
  const { db, passwords } = context
  const found = await findUserForLogin(db, email)
  const settle = await countAttempt(context, { email, userId: found?.id })
  const { valid, needsRehash } = await passwords.verify(password, found?.password)
  if (found?.password === undefined || !valid || found.disabled) throw refusal(context, email, found?.id)
  return { user: { id: found.id, passwordHash: found.password.hash }, needsRehash, settle }
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
  { user, password }: { readonly user: Checked['user']; readonly password: string },
): Promise<void> {
  try {
    const { hash, pepperId } = await passwords.hash(password)
    await renewPasswordHash(db, { userId: user.id, from: user.passwordHash, passwordHash: hash, pepperId })
  } catch (error) {
    log.warn({ err: error, userId: user.id }, 'a password keeps its old hash until the next sign-in')
  }
}
