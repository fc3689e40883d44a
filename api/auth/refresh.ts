// A refresh token for the next pair. One that was used before is in somebody else’s hands, too: then the whole family ends,
// because nobody can tell which of the two is the thief.
import { consumeRefreshToken } from '../../db/auth/refresh-tokens.ts'
import { revokeSession } from '../../db/auth/sessions.ts'
import { AppError } from '../../domain/errors.ts'
import type { PublicContext } from '../../platform/platform.ts'
import { hashOfRefreshToken, isRefreshToken } from '../../platform/refresh-tokens.ts'
import { type Auditor, audited } from '../audit/audited.ts'
import { refreshCookie } from '../http/cookies.ts'
import { type Begun, tokensOf } from './begin-session.ts'

type RefreshContext = Auditor &
  Pick<PublicContext, 'db' | 'keys' | 'accessTokens' | 'refreshTokens' | 'actors' | 'cookie'>

/** Throws `auth.refresh_invalid`, whatever is wrong with the token. */
export async function refresh(
  context: RefreshContext,
  { refreshToken: given }: { readonly refreshToken?: string | undefined },
): Promise<Begun & { readonly byCookie: boolean }> {
  const { refreshTokens, cookie } = context
  const token = given ?? cookie(refreshCookie)
  if (token === undefined || !isRefreshToken(token)) throw new AppError('auth.refresh_invalid')
  const { keyId } = refreshTokens
  const successorHash = hashOfRefreshToken(refreshTokens.successor(token, keyId))
  const consumed = await audited(
    context,
    (tx) => consumeRefreshToken(tx, { tokenHash: hashOfRefreshToken(token), successorHash, keyId }),
    (consumption) =>
      consumption.outcome === 'refreshed'
        ? {
            action: 'auth.refresh',
            actor: { type: 'user', id: consumption.userId, sessionId: consumption.sessionId },
            resource: { type: 'session', id: consumption.sessionId },
          }
        : undefined,
  )
  if (consumed.outcome === 'reused') await endFamily(context, consumed)
  if (consumed.outcome !== 'refreshed') throw new AppError('auth.refresh_invalid')
  const { userId, sessionId } = consumed
  const refreshToken = refreshTokens.successor(token, consumed.keyId)
  return { ...(await tokensOf(context, { userId, sessionId, refreshToken })), byCookie: given === undefined }
}

async function endFamily(
  context: RefreshContext,
  { userId, sessionId }: { readonly userId: string; readonly sessionId: string },
): Promise<void> {
  await context.actors.changing({ sessionIds: [sessionId] }, () =>
    audited(
      context,
      (tx) => revokeSession(tx, { userId, sessionId }),
      (isRevoked) =>
        isRevoked
          ? { action: 'auth.reuse', resource: { type: 'session', id: sessionId }, details: { userId } }
          : undefined,
    ),
  )
}
