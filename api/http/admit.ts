// Who may call a route: judged before anything of the request’s body is read, and once more when all of it has come.
import type { IncomingMessage } from 'node:http'
import type { Request } from 'express'
import { AppError } from '../../domain/errors.ts'
import type { Actor } from '../../platform/auth/actor.ts'
import type { Platform } from '../../platform/platform.ts'
import { traceOf } from './request-trace.ts'
import { type Route, isGranted } from './route.ts'

/** Resolves to the account that a request acts for. Throws `auth.unauthenticated`. */
export type Authenticate = (request: IncomingMessage) => Promise<Actor>

export interface Admitting {
  readonly platform: Platform
  readonly authenticate: Authenticate
}

const forbidden = ({ access }: Route): AppError =>
  new AppError('auth.forbidden', { detail: `This needs the permission “${access}”.` })

/** Who asks, by what the request carries. Throws `auth.unauthenticated`. */
async function identify(
  { platform, authenticate }: Admitting,
  { sessionCookie }: Route,
  request: Request,
): Promise<Actor> {
  if (sessionCookie === undefined) return await authenticate(request)
  if (request.headers.authorization === undefined) return await sessionCookie.authenticate(platform, request)
  if (sessionCookie.besideToken !== true) return await authenticate(request)
  return await authenticate(request).catch((refused: unknown) =>
    sessionCookie.authenticate(platform, request).catch(() => {
      throw refused
    }),
  )
}

/** The caller of a route that isn't public. Throws `auth.unauthenticated` and `auth.forbidden`. */
export async function admit(kernel: Admitting, route: Route, request: Request): Promise<Actor | undefined> {
  if (route.access === 'public') return undefined
  const actor = await identify(kernel, route, request)
  traceOf(request).actor = actor
  if (route.sessionOnly === true && actor.sessionId === undefined) throw new AppError('auth.session_required')
  if (isGranted(route, actor)) return actor
  throw forbidden(route)
}

/** A body may take minutes to come: whoever sends it must still be let in. */
export async function admitAgain(
  { platform }: Admitting,
  route: Route,
  { actor, request }: { readonly actor: Actor | undefined; readonly request: Request },
): Promise<Actor | undefined> {
  if (actor === undefined || route.method === 'get') return actor
  const now = await platform.actors.again(actor)
  if (now === undefined) throw new AppError('auth.unauthenticated')
  if (!isGranted(route, now)) throw forbidden(route)
  traceOf(request).actor = now
  return now
}
