// Turns an address and a password into a session and its tokens. Every refusal is the same answer after the same
// work, so that nobody learns which addresses are registered or which accounts are disabled.
import type { AuditAttempt } from '../../domain/audit/event.ts'
import { type LoginRecord, findUserForLogin, renewPasswordHash } from '../../db/auth/users.ts'
import type { Credentials } from '../../domain/auth/user.ts'
import { AppError, type ErrorCode } from '../../domain/errors.ts'
import type { PublicContext } from '../../platform/platform.ts'
import { type Begun, type SecondFactor, beginSession } from './begin-session.ts'
import { countAttempt } from './login-limits.ts'
import { spendOtp } from './spend-otp.ts'
import { type NamedAccount, namedAccount } from './named-account.ts'

type LoginContext = Pick<
  PublicContext,
  | 'db'
  | 'log'
  | 'keys'
  | 'passwords'
  | 'oneTimeCodes'
  | 'accessTokens'
  | 'refreshTokens'
  | 'limits'
  | 'cookie'
  | 'ip'
  | 'userAgent'
  | 'requestId'
>

/**
 * Throws `auth.invalid_credentials` whatever was wrong, `request.limited`, and `auth.busy`; once the password was right
 * `auth.otp_required` and `auth.otp_invalid`.
 */
export async function login(context: LoginContext, credentials: Credentials): Promise<Begun> {
  const { user, secondFactor, needsRehash, settle } = await checkCredentials(context, credentials)
  const begun = await beginSession(context, {
    userId: user.id,
    passwordHash: user.passwordHash,
    method: 'password',
    secondFactor,
    refusal: refusal(context, { email: credentials.email, userId: user.id }),
  })
  await settle()
  if (secondFactor !== undefined) await context.limits.giveBack('login-code', user.id)
  if (needsRehash) await renewHash(context, { user, password: credentials.password })
  return begun
}

interface Checked {
  readonly user: { readonly id: string; readonly passwordHash: string }
  readonly secondFactor: SecondFactor | undefined
  readonly needsRehash: boolean
  /** The attempt doesn’t count as a failure. */
  readonly settle: () => Promise<void>
}

/** The one gate of password sign-in. What refuses an attempt without a look at its password stands before the hash. */
async function checkCredentials(context: LoginContext, { email, password, otp }: Credentials): Promise<Checked> {
  const { db, passwords } = context
  const found = await findUserForLogin(db, email)
  const account = found?.password && { userId: found.id, passwordHash: found.password.hash }
  const settle = await countAttempt(context, { email, account })
  // A fault of ours is no failure of theirs.
  const { valid, needsRehash } = await passwords.verify(password, found?.password).catch(async (error: unknown) => {
    await settle()
    throw error
  })
  if (found?.password === undefined || !valid || found.disabled) throw refusal(context, { email, userId: found?.id })
  const secondFactor = await requireOtp(context, { found, email, otp, settle })
  return { user: { id: found.id, passwordHash: found.password.hash }, secondFactor, needsRehash, settle }
}

interface Asked extends Pick<Checked, 'settle'>, Pick<Credentials, 'email' | 'otp'> {
  /** Whose password was right: nobody else learns that there is a second factor. */
  readonly found: LoginRecord
}

/** What is to be used up together with the session’s beginning; undefined for an account without a second factor. */
async function requireOtp(
  context: LoginContext,
  { found, email, otp, settle }: Asked,
): Promise<SecondFactor | undefined> {
  const { factor, id: userId } = found
  if (factor === undefined) return undefined
  if (otp === undefined) {
    await settle()
    throw refusal(context, { email, userId }, 'auth.otp_required')
  }
  // Whoever guesses at it has the password: no mark on a device lets them guess on.
  await context.limits.consume('login-code', userId)
  return async (tx) => {
    if (!(await spendOtp(context, tx, { factor, otp }))) throw refusal(context, { email, userId }, 'auth.otp_invalid')
  }
}

/** What was typed may be anything, also a password: the log gets an account's id, or else a keyed hash. */
function refusal(
  { keys }: LoginContext,
  account: NamedAccount,
  code: ErrorCode = 'auth.invalid_credentials',
): AppError {
  const attempt: AuditAttempt = { action: 'auth.login', outcome: 'failure', ...namedAccount(keys, account) }
  return new AppError(code, { attempt })
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
