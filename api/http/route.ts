// A route is data: method, path, permission, contracts, and the use case that answers. The server and the OpenAPI
// document are both made from the same table, so that they can't disagree.
import type { IncomingMessage } from 'node:http'
import type { Readable } from 'node:stream'
import type { z } from 'zod'
import type { Permission } from '../../domain/auth/permission.ts'
import type { Actor } from '../../platform/auth/actor.ts'
import type { Context, Platform, PublicContext } from '../../platform/platform.ts'
import type { RateLimitName } from '../../platform/rate-limits.ts'

/** `public`: anybody. `signed-in`: any account. Else the permission that the caller needs. There is no default. */
export type Access = 'public' | 'signed-in' | Permission

/** One server-sent event; `id` strictly increases over the stream, and may be absent where nothing can be resumed. */
export interface ServerSentEvent {
  readonly id?: string
  readonly event: string
  readonly data: unknown
}

/** 302: somewhere else, as the header `Location` says. */
export type ReplyStatus = 200 | 201 | 202 | 204 | 302

export interface Reply<Body = unknown> {
  readonly status: ReplyStatus
  readonly body?: Body
  readonly headers?: Readonly<Record<string, string | readonly string[]>>
  /** Bytes instead of JSON; `headers` name their type. */
  readonly bytes?: Readable
  /** Offered beside `body`: sent instead of it when the client accepts `text/event-stream`. */
  readonly events?: AsyncIterable<ServerSentEvent>
}

/** A file of a multipart body, already in the blob store. */
export interface UploadedFile {
  readonly filename: string
  /** As the client declared it: a hint, not a fact. */
  readonly declaredMediaType: string
  readonly sha256: string
  readonly sizeBytes: number
}

/** A cookie that stands for the access token, on the routes that name it and where no token is sent. */
export interface SessionCookie {
  readonly name: string
  /** Also where the token that is sent is refused, such as an expired one. */
  readonly besideToken?: true
  /** Throws `auth.unauthenticated`, and `auth.forbidden` for a page that may not use it. */
  readonly authenticate: (platform: Platform, request: IncomingMessage) => Promise<Actor>
}

type Schema = z.ZodType
type Output<S> = S extends Schema ? z.output<S> : undefined

export interface RouteInput<P, Q, B, H = unknown> {
  readonly params: P
  readonly query: Q
  /** Those that the route declares, by their names in lower case. */
  readonly headers: H
  /** The parsed JSON body, or the fields of a multipart one. */
  readonly body: B
  /** Of a multipart route: its one file, under the name `file`. */
  readonly file: UploadedFile | undefined
  /** Of the request's `If-Match` header, without quotes. */
  readonly ifMatch: string | undefined
  /** Of an event route: the request's `Last-Event-ID` header. */
  readonly lastEventId: string | undefined
}

interface RouteBase {
  readonly method: 'get' | 'post' | 'put' | 'patch' | 'delete'
  /** As OpenAPI writes it, below `/api/v1`: `/chats/{chatId}/turns`. */
  readonly path: `/${string}`
  readonly summary: string
  readonly description?: string
  readonly tag: string
  readonly params?: Schema
  readonly query?: Schema
  /** Headers beside those that every route reads; names in lower case. */
  readonly headers?: z.ZodObject
  readonly body?: Schema
  /** The body is `multipart/form-data` with one file named `file`; `body` is the schema of its other fields. */
  readonly multipart?: boolean
  /** Upper bound of a JSON body in bytes; 1 MiB unless given. */
  readonly bodyLimitBytes?: number
  /** Status → schema of the JSON body; null where there is no JSON body (204, bytes). */
  readonly responses: Readonly<Partial<Record<ReplyStatus, Schema | null>>>
  /** Of bytes: what their Content-Type may be; `application/octet-stream`, whatever it is, unless given. */
  readonly mediaTypes?: readonly string[]
  /** Statuses of problems that don't follow from the rest, such as 401 of a route that checks a password. */
  readonly problems?: readonly (401 | 403 | 404 | 409 | 422)[]
  /** Event name → schema of its data, for a route that streams or may stream events. */
  readonly events?: Readonly<Record<string, Schema>>
  /** Not by an API key: what a person decides, and what leads to more than a key was given for. */
  readonly sessionOnly?: true
  /** A page of another origin is refused, for a cookie speaks for who asks. */
  readonly sameOrigin?: true
  /** How often: counted by account, on a public route by address. */
  readonly limit?: RateLimitName
  /** A cookie that is over with the request, whatever becomes of it. */
  readonly endsCookie?: `__Host-${string}`
  /** Accepted instead of an access token. */
  readonly sessionCookie?: SessionCookie
  /** A creating POST that honours `Idempotency-Key`. `keep: 'id'`: the answer's body isn't stored, a repeat is 409. */
  readonly idempotent?: { readonly keep: 'answer' | 'id' }
}

/** A route as the server keeps it: its input is checked against the contracts before `handle` sees it. */
export interface Route extends RouteBase {
  readonly access: Access
  readonly handle: (context: Context, input: RouteInput<never, never, never, never>) => Promise<Reply>
}

interface TypedRoute<C, P, Q, B, H> extends RouteBase {
  readonly params?: P & Schema
  readonly query?: Q & Schema
  readonly body?: B & Schema
  readonly headers?: H & z.ZodObject
  readonly handle: (context: C, input: RouteInput<Output<P>, Output<Q>, Output<B>, Output<H>>) => Promise<Reply>
}

/** Whether an actor may use a route, as it declares. */
export const isGranted = ({ access }: Pick<Route, 'access'>, { permissions }: Actor): boolean =>
  access === 'public' || access === 'signed-in' || permissions.has(access)

/** Declares a route; the handler's types follow from the contracts. Public handlers get a context without an actor. */
export function defineRoute<P = undefined, Q = undefined, B = undefined, H = undefined>(
  route: TypedRoute<Context, P, Q, B, H> & { readonly access: Exclude<Access, 'public'> },
): Route
export function defineRoute<P = undefined, Q = undefined, B = undefined, H = undefined>(
  route: TypedRoute<PublicContext, P, Q, B, H> & { readonly access: 'public' },
): Route
export function defineRoute(route: unknown): Route {
  return route as Route
}
