// Who is asking: an API key, or an access token through passport; then account, session, roles and permissions, which are
// mostly remembered, and yet never older than the last change (platform/auth/actor-cache.ts).
import type { IncomingMessage } from 'node:http'
import passport from 'passport'
import { AppError } from '../../domain/errors.ts'
import { bearerToken } from '../../platform/access-tokens.ts'
import { parseApiKey } from '../../platform/auth/api-key.ts'
import type { Actor } from '../../platform/auth/actor.ts'
import type { Platform } from '../../platform/platform.ts'
import type { Authenticate } from '../http/admit.ts'

const bearer = 'access-token'

/** Throws `auth.unauthenticated` also when the session has ended. */
function createTokenCheck({ actors, accessTokens }: Pick<Platform, 'actors' | 'accessTokens'>): Authenticate {
  const authenticator = new passport.Passport()
  authenticator.use(
    bearer,
    accessTokens.strategy((subject) => actors.ofSession(subject)),
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

function required(actor: Actor | undefined): Actor {
  if (actor === undefined) throw new AppError('auth.unauthenticated')
  return actor
}

/**
 * The check of a request's token or key. It throws `auth.unauthenticated` when that is missing, malformed, expired or not
 * ours, or when its session has ended or its account is disabled: the caller never learns which.
 */
export function createAuthenticate(platform: Pick<Platform, 'actors' | 'accessTokens'>): Authenticate {
  const { actors, accessTokens } = platform
  const checkToken = createTokenCheck(platform)
  return async (request: IncomingMessage) => {
    const key = parseApiKey(bearerToken(request) ?? '')
    if (key !== undefined) return required(await actors.ofKey(key))
    const subject = await accessTokens.verifiedSubject(request)
    return subject === undefined ? await checkToken(request) : required(await actors.ofSession(subject))
  }
}
