// Ends the caller's session: its access and refresh tokens are refused from the next request on. Where the access token has
// expired, the refresh cookie says which session that is.
import type { IncomingMessage } from 'node:http'
import { findSessionOfRefreshToken } from '../../db/auth/refresh-tokens.ts'
import { revokeSession } from '../../db/auth/sessions.ts'
import { AppError } from '../../domain/errors.ts'
import type { Actor } from '../../platform/auth/actor.ts'
import type { Context, Platform } from '../../platform/platform.ts'
import { hashOfRefreshToken, isRefreshToken } from '../../platform/refresh-tokens.ts'
import { type Auditor, audited } from '../audit/audited.ts'
import { readCookie, refreshCookie } from '../http/cookies.ts'
import type { SessionCookie } from '../http/route.ts'
import { sessionOf } from './session-of.ts'

export async function logout(context: Auditor & Pick<Context, 'db' | 'actor' | 'actors'>): Promise<void> {
  const session = sessionOf(context.actor)
  const { sessionId } = session
  await context.actors.changing({ sessionIds: [sessionId] }, () =>
    audited(
      context,
      (tx) => revokeSession(tx, session),
      (revoked) => (revoked ? { action: 'auth.logout', resource: { type: 'session', id: sessionId } } : undefined),
    ),
  )
}

async function authenticate({ db, actors }: Platform, request: IncomingMessage): Promise<Actor> {
  const token = readCookie(request, refreshCookie)
  const subject =
    token !== undefined && isRefreshToken(token)
      ? await findSessionOfRefreshToken(db, hashOfRefreshToken(token))
      : undefined
  const actor = subject && (await actors.ofSession(subject))
  if (actor === undefined) throw new AppError('auth.unauthenticated')
  return actor
}

/** Only for the end of a session: pages of other origins are kept away by the route. */
export const refreshTokenCookie: SessionCookie = { name: refreshCookie, besideToken: true, authenticate }
