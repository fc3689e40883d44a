// The session that an actor is in, for what a key can’t do.
import { AppError } from '../../domain/errors.ts'
import type { Actor } from '../../platform/auth/actor.ts'

/** Throws `auth.session_required` for an API key. */
export function sessionOf({ userId, sessionId }: Actor): { readonly userId: string; readonly sessionId: string } {
  if (sessionId === undefined) throw new AppError('auth.session_required')
  return { userId, sessionId }
}
