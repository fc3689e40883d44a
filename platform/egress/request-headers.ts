// Which headers a caller may set, and which of them follow a redirect. Whoever chooses Host, framing or hop-by-hop headers
// can speak to another server than the checked one, or slip a second request in.
import { refusal } from './refusal.ts'

/** Lower-case names. */
export type RequestHeaders = Readonly<Record<string, string>>

/** RFC 9110 7.6.1 and 9.3.6, the framing of RFC 9112, and what the guard itself negotiates. */
const refused: ReadonlySet<string> = new Set([
  'host',
  'connection',
  'keep-alive',
  'proxy-authenticate',
  'proxy-authorization',
  'proxy-authentication-info',
  'proxy-connection',
  'te',
  'trailer',
  'transfer-encoding',
  'upgrade',
  'http2-settings',
  'content-length',
  'expect',
  'accept-encoding',
])

/** All that another origin gets to see: any other header may be a credential. */
const impersonal: ReadonlySet<string> = new Set([
  'accept',
  'accept-language',
  'cache-control',
  'content-type',
  'content-language',
  'user-agent',
])

const token = /^[!#$%&'*+.^_`|~0-9a-z-]+$/
const visible = /^[\t\x20-\x7e]*$/

/** Throws AppError `egress.refused`. */
export function checkHeaders(given: RequestHeaders): RequestHeaders {
  const checked: Record<string, string> = {}
  for (const [name, value] of Object.entries(given)) {
    const key = name.toLowerCase()
    if (!token.test(key) || refused.has(key) || key in checked) throw refusal('header.name')
    if (!visible.test(value)) throw refusal('header.value')
    checked[key] = value
  }
  return checked
}

/** Whether this header stays with its origin when a redirect leads to another. */
export const isCredential = (name: string): boolean => !impersonal.has(name.toLowerCase())

export const hasCredentials = (headers: RequestHeaders): boolean => Object.keys(headers).some(isCredential)

export const withoutCredentials = (headers: RequestHeaders): RequestHeaders =>
  Object.fromEntries(Object.entries(headers).filter(([name]) => !isCredential(name)))

export const withoutContent = (headers: RequestHeaders): RequestHeaders =>
  Object.fromEntries(Object.entries(headers).filter(([name]) => !name.startsWith('content-')))
