// The cookie by which a browser that shows the Temporal Web UI may have payloads decoded. The UI can send no token to an
// http endpoint, so the operator fetches this; it opens nothing else, and ends with the session that it was made in.
import type { IncomingMessage } from 'node:http'
import { z } from 'zod'
import { AppError } from '../../domain/errors.ts'
import type { Actor } from '../../platform/auth/actor.ts'
import type { Context, Platform } from '../../platform/platform.ts'
import { openTicket, sealTicket } from '../../platform/tickets.ts'
import { sessionOf } from '../auth/session-of.ts'
import { readCookie } from '../http/cookies.ts'
import type { SessionCookie } from '../http/route.ts'

const name = 'cdsa_codec'
const purpose = 'codec-session'
const path = '/api/v1/codec'
export const codecSessionSeconds = 3_600

const ticketSchema = z.strictObject({ userId: z.uuid(), sessionId: z.uuid(), expiresAt: z.int() })

/** The header that sets the cookie. */
export function issueCodecCookie({ keys, actor, secure }: Pick<Context, 'keys' | 'actor' | 'secure'>): string {
  const expiresAt = Math.floor(Date.now() / 1_000) + codecSessionSeconds
  const ticket = { ...sessionOf(actor), expiresAt }
  const value = sealTicket(keys, purpose, ticket)
  const attributes = [`Path=${path}`, `Max-Age=${codecSessionSeconds}`, 'HttpOnly', 'SameSite=Strict']
  return [`${name}=${value}`, ...attributes, ...(secure ? ['Secure'] : [])].join('; ')
}

/** A cookie goes along with requests of any page of the same site, so its page is asked too. */
function requireCodecOrigin({ config }: Pick<Platform, 'config'>, { headers }: IncomingMessage): void {
  if (headers.origin !== undefined && config.http.codecOrigins.includes(headers.origin)) return
  throw new AppError('auth.forbidden', { detail: 'This page isn’t one of CDSA_CODEC_ORIGINS.' })
}

async function authenticate(
  platform: Pick<Platform, 'keys' | 'config' | 'actors'>,
  request: IncomingMessage,
): Promise<Actor> {
  const value = readCookie(request, name)
  if (value === undefined) throw new AppError('auth.unauthenticated')
  requireCodecOrigin(platform, request)
  const ticket = openTicket(platform.keys, purpose, { schema: ticketSchema, value })
  if (ticket === undefined || ticket.expiresAt * 1_000 <= Date.now()) throw new AppError('auth.unauthenticated')
  const actor = await platform.actors.ofSession(ticket)
  if (actor === undefined) throw new AppError('auth.unauthenticated')
  return actor
}

export const codecCookie: SessionCookie = { name, authenticate }
