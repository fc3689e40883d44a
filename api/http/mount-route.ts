// Serves the route table: who may call, what came, the use case, what goes back. The one place where HTTP becomes a
// call of a function, and its result HTTP again.
import type { IRouter, Request, Response } from 'express'
import { newId } from '../../db/ids.ts'
import { AppError } from '../../domain/errors.ts'
import type { Actor } from '../../platform/auth/actor.ts'
import type { Context, RequestLimits, RequestScope } from '../../platform/platform.ts'
import { addressPrefix } from '../audit/address-prefix.ts'
import type { Denials } from '../audit/denials.ts'
import { type Admitting, admit, admitAgain } from './admit.ts'
import { checkEvent, checkReply } from './check-reply.ts'
import { endedCookie, readCookie } from './cookies.ts'
import { principalOf, readIdempotencyKey, runOnce } from './idempotency.ts'
import type { OpenStreams } from './open-streams.ts'
import { type ReadInput, readInput } from './read-input.ts'
import { traceOf } from './request-trace.ts'
import { createRequestLimits } from './request-limits.ts'
import type { Reply, Route } from './route.ts'
import { requireSameOrigin } from './same-origin.ts'
import { sendReply } from './send-reply.ts'
import { watchActor } from './watch-actor.ts'

export interface Kernel extends Admitting {
  readonly denials: Denials
  readonly streams: OpenStreams
}

/** Counts the request against its route’s own limit. Throws `request.limited`. */
async function limit({ limit: name }: Route, limits: RequestLimits, { actor, ip }: Caller): Promise<void> {
  if (name !== undefined) await limits.consume(name, actor?.userId ?? addressPrefix(ip))
}

interface Caller {
  readonly actor: Actor | undefined
  readonly ip: string | undefined
}

const maxUserAgentLength = 512

function originOf(request: Request): Pick<RequestScope, 'requestId' | 'ip' | 'userAgent'> {
  const { requestId } = traceOf(request)
  return { requestId, ip: request.ip, userAgent: request.get('user-agent')?.slice(0, maxUserAgentLength) }
}

function scopeOf(request: Request, limits: RequestLimits): Omit<RequestScope, 'newResourceId'> {
  const { signal } = traceOf(request)
  return {
    ...originOf(request),
    signal,
    secure: request.secure,
    limits,
    cookie: (name) => readCookie(request, name),
  }
}

interface Call {
  readonly kernel: Kernel
  readonly route: Route
  readonly request: Request
  readonly actor: Actor | undefined
  readonly read: ReadInput
  readonly limits: RequestLimits
}

/** Runs the use case, at most once a key where the client gave one. */
function call({ kernel, route, request, actor, read, limits }: Call): Promise<Reply> {
  const { platform } = kernel
  const { log } = traceOf(request)
  const strict = platform.config.environment !== 'production'
  const run = async (newResourceId: string): Promise<Reply> => {
    const context = {
      ...platform,
      ...scopeOf(request, limits),
      log,
      newResourceId,
      ...(actor === undefined ? {} : { actor }),
    }
    // A public route's handler declares a context without an actor; see defineRoute.
    return checkReply(route, await route.handle(context as Context, read.input as never), { strict, log })
  }
  const key = route.idempotent === undefined ? undefined : readIdempotencyKey(request.get('idempotency-key'))
  if (route.idempotent === undefined || key === undefined) return run(newId())
  const options = {
    principal: principalOf(platform, actor?.userId, request.ip),
    route: `${request.method} ${(request.baseUrl + request.path).replace(/\/+$/, '')}`,
    key,
    payload: read.payload,
    keep: route.idempotent.keep,
  }
  return runOnce({ db: platform.db, keys: platform.keys, log }, options, run)
}

async function answer(kernel: Kernel, route: Route, exchange: { request: Request; response: Response }): Promise<void> {
  const { request, response } = exchange
  const { platform, streams } = kernel
  const { signal, log } = traceOf(request)
  if (route.endsCookie !== undefined) response.setHeader('Set-Cookie', endedCookie(route.endsCookie))
  if (route.sameOrigin === true) requireSameOrigin(request, platform.config)
  const actor = await admit(kernel, route, request)
  const limits = createRequestLimits(platform.rateLimits, response)
  await limit(route, limits, { actor, ip: request.ip })
  if (route.idempotent !== undefined) readIdempotencyKey(request.get('idempotency-key'))
  const read = await readInput({ route, request, response, platform, signal })
  const now = await admitAgain(kernel, route, { actor, request })
  const reply = await call({ kernel, route, request, actor: now, read, limits })
  const strict = platform.config.environment !== 'production'
  const unwatch =
    reply.events === undefined || actor === undefined
      ? undefined
      : watchActor(platform, { actor, route, trace: traceOf(request) })
  try {
    await sendReply(exchange, reply, {
      streams,
      heartbeatMs: platform.config.http.heartbeatMs,
      checkEvent: (event) => checkEvent(route, event, { strict, log }),
    })
  } finally {
    unwatch?.()
  }
}

const uuid = /^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/i

/** The ids that a path names: other texts in it may be anything. */
const idsOf = (params: Request['params']): Record<string, string> =>
  Object.fromEntries(
    Object.entries(params).filter(
      (entry): entry is [string, string] => typeof entry[1] === 'string' && uuid.test(entry[1]),
    ),
  )

/** A limit of ours is a refusal, too; one of a model’s provider isn’t. */
const isDenial = ({ kind, code }: AppError): boolean =>
  kind === 'unauthenticated' || kind === 'forbidden' || code === 'request.limited'

/**
 * Tells the audit log of a refusal, after whatever was begun has been undone and before the caller learns of it. Throws
 * `service.unavailable` when it can't be told: nobody is refused without a trace.
 */
async function recordDenial({ denials }: Kernel, route: string, request: Request, thrown: unknown): Promise<void> {
  if (!(thrown instanceof AppError) || !isDenial(thrown)) return
  const { actor } = traceOf(request)
  try {
    const { code, attempt } = thrown
    await denials.record({ ...originOf(request), actor, route, code, attempt, ids: idsOf(request.params) })
  } catch (cause) {
    throw new AppError('service.unavailable', { detail: 'Requests can’t be judged at the moment.', cause })
  }
}

/** `/chats/{chatId}` as Express writes it. */
const toExpressPath = (path: string): string => path.replaceAll(/\{(\w+)\}/g, ':$1')

/** So that `/chats/search` is asked before `/chats/{chatId}`, wherever it stands in the table. */
const rank = ({ path }: Route): string => path.replaceAll(/\{\w+\}/g, '\uffff')

/** Two routes with one method and shape would hide each other: refused at the start. */
function requireDistinct(routes: readonly Route[]): void {
  const seen = new Set<string>()
  for (const route of routes) {
    const shape = `${route.method} ${rank(route)}`
    if (seen.has(shape)) throw new AppError('internal', { detail: `Two routes answer ${route.method} ${route.path}.` })
    seen.add(shape)
  }
}

/** Adds the routes to a router; `base` is where that is mounted. */
export function mountRoutes(
  router: IRouter,
  routes: readonly Route[],
  { kernel, base }: { readonly kernel: Kernel; readonly base: string },
): void {
  requireDistinct(routes)
  for (const route of routes.toSorted((a, b) => (rank(a) < rank(b) ? -1 : 1))) {
    router[route.method](toExpressPath(route.path), async (request: Request, response: Response) => {
      traceOf(request).route = `${base}${route.path}`
      try {
        await answer(kernel, route, { request, response })
      } catch (error) {
        await recordDenial(kernel, `${request.method} ${base}${route.path}`, request, error)
        throw error
      }
    })
  }
}
