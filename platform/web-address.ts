// Addresses that a browser's sign-in rests on: where it finds this API, and where it finds the provider. What crosses a
// network does so by TLS; in the clear it may only stay on this machine.
import { z } from 'zod'

/** Names and addresses of this machine alone, as a parsed URL or HOST writes them. */
export const isLoopbackHost = (host: string): boolean =>
  host === 'localhost' || /^127(\.\d{1,3}){3}$/.test(host) || host === '[::1]' || host === '::1'

/** Of an address that can be parsed. */
export function isOverTlsOrLocal(address: string): boolean {
  const { protocol, hostname } = new URL(address)
  return protocol === 'https:' || (protocol === 'http:' && isLoopbackHost(hostname))
}

/** OpenID Connect Discovery 1.0, 2: a URL without query and fragment. */
export const issuerUrl = z
  .string()
  .refine((value) => {
    if (!URL.canParse(value)) return false
    const { username, password } = new URL(value)
    return username === '' && password === '' && !/[?#]/.test(value)
  }, 'is a URL without name, password, query and fragment')
  .refine(
    (value) => !URL.canParse(value) || isOverTlsOrLocal(value),
    'is an https address; http is for a loopback address only',
  )
