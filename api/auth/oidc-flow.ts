// A sign-in that is under way at the provider lies in a cookie of the browser that began it, sealed: nothing is stored for
// strangers who never come back, and whoever lures somebody to a callback of their own signs nobody in (RFC 6749 10.12).
import { z } from 'zod'
import type { OidcChecks } from '../../platform/oidc/oidc.ts'
import type { PublicContext } from '../../platform/platform.ts'
import { hostCookie } from '../http/cookies.ts'
import { openTicket, sealTicket } from '../../platform/tickets.ts'

export const oidcCookie = '__Host-cdsa_oidc'
const purpose = 'oidc-flow'
const flowSeconds = 600

const flowSchema = z.strictObject({
  state: z.string(),
  nonce: z.string(),
  codeVerifier: z.string(),
  returnTo: z.string(),
  /** Seconds. */
  expiresAt: z.int(),
})

export interface OidcFlow extends OidcChecks {
  readonly returnTo: string
}

/** The header that sets the cookie: it comes along when the provider’s page leads back here. */
export function issueFlowCookie({ keys }: Pick<PublicContext, 'keys'>, flow: OidcFlow): string {
  const expiresAt = Math.floor(Date.now() / 1_000) + flowSeconds
  const value = sealTicket(keys, purpose, { ...flow, expiresAt })
  return hostCookie(oidcCookie, value, { maxAgeSeconds: flowSeconds, sameSite: 'Lax' })
}

/** The flow of this browser; undefined when there is none, or it has expired. */
export function readFlow({ keys, cookie }: Pick<PublicContext, 'keys' | 'cookie'>): OidcFlow | undefined {
  const value = cookie(oidcCookie)
  const flow = value === undefined ? undefined : openTicket(keys, purpose, { schema: flowSchema, value })
  return flow === undefined || flow.expiresAt * 1_000 <= Date.now() ? undefined : flow
}
