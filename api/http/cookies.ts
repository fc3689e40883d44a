// Cookies, each of which only this host gets back, over TLS or on this machine, and no script reads. The name’s prefix makes
// browsers refuse one that another host of the domain has set (RFC 6265bis 4.1.3.2).
import type { IncomingMessage } from 'node:http'

export const refreshCookie = '__Host-cdsa_refresh'
export const deviceCookie = '__Host-cdsa_device'

/** The value that a request carries, undefined where there is none. */
export function readCookie({ headers }: Pick<IncomingMessage, 'headers'>, name: string): string | undefined {
  const pairs = (headers.cookie ?? '').split(';').map((pair) => pair.trim())
  return pairs.find((pair) => pair.startsWith(`${name}=`))?.slice(name.length + 1)
}

export interface CookieOptions {
  readonly maxAgeSeconds: number
  /** `Lax`: it comes along when another site leads here. */
  readonly sameSite?: 'Strict' | 'Lax'
}

/** A `Set-Cookie` header. `value` has no character that a cookie can’t hold. */
export const hostCookie = (
  name: `__Host-${string}`,
  value: string,
  { maxAgeSeconds, sameSite = 'Strict' }: CookieOptions,
): string => `${name}=${value}; Path=/; Max-Age=${maxAgeSeconds}; HttpOnly; Secure; SameSite=${sameSite}`

export const endedCookie = (name: `__Host-${string}`): string => hostCookie(name, '', { maxAgeSeconds: 0 })
