// Who is asking: a bearer token through passport, then one query for account, session, roles and permissions. Nothing
// is remembered between requests, so disabling, a change of roles and signing out act on the next one.
import passport from 'passport'
import { findActor } from '../../db/auth/sessions.ts'
import { AppError } from '../../domain/errors.ts'
import type { Actor, Platform } from '../../platform/platform.ts'
import type { Authenticate } from '../http/mount-route.ts'

const bearer = 'access-token'

/**
 * The check of a request's token. It throws `auth.unauthenticated` when the token is missing, malformed, expired or not
 * ours, or when its session has ended or its account is disabled: the caller never learns which.
 */
export function createAuthenticate({ db, accessTokens }: Pick<Platform, 'db' | 'accessTokens'>): Authenticate {
  const authenticator = new passport.Passport()
  authenticator.use(
    bearer,
    accessTokens.strategy(async (subject): Promise<Actor | undefined> => {
      const actor = await findActor(db, subject)
      return actor && { ...actor, permissions: new Set(actor.permissions) }
    }),
  )
  return (request) =>
    new Promise((resolve, reject) => {
      const settle: passport.AuthenticateCallback = (error, actor, info) => {
        if (error) return reject(error as Error)
        if (actor) return resolve(actor as Actor)
        const ours = info instanceof AppError && info.code !== 'auth.unauthenticated'
        return reject(ours ? info : new AppError('auth.unauthenticated'))
      }
      authenticator.authenticate(bearer, { session: false }, settle)(request, undefined, reject)
    })
}
