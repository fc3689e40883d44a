// What a redirect asks for next, as browsers do it (WHATWG Fetch, “HTTP-redirect fetch”), but stricter: another origin gets
// no header that may be a credential and no body, and secrets never follow.
import { refusal } from './refusal.ts'
import { hasCredentials, type RequestHeaders, withoutContent, withoutCredentials } from './request-headers.ts'
import { parseTargetUrl } from './target-url.ts'

export interface HttpRequest {
  readonly url: URL
  readonly method: string
  readonly headers: RequestHeaders
  readonly body: string | Uint8Array | undefined
}

const redirects: readonly number[] = [301, 302, 303, 307, 308]

const turnsIntoGet = (status: number, method: string): boolean =>
  status === 303 ? method !== 'HEAD' : [301, 302].includes(status) && method === 'POST'

export const isRedirect = (status: number, location: string | null): location is string =>
  redirects.includes(status) && location !== null

/** Throws AppError `egress.refused`. */
export function redirected(request: HttpRequest, status: number, location: string): HttpRequest {
  const url = parseTargetUrl(location, request.url)
  if (url.hash === '') url.hash = request.url.hash
  const asGet = turnsIntoGet(status, request.method)
  const body = asGet ? undefined : request.body
  const headers = asGet ? withoutContent(request.headers) : request.headers
  const method = asGet ? 'GET' : request.method
  if (url.origin === request.url.origin) return { url, method, headers, body }
  const isDowngrade = request.url.protocol === 'https:' && url.protocol === 'http:'
  if (isDowngrade && hasCredentials(request.headers)) throw refusal('redirect.downgrade')
  if (body !== undefined) throw refusal('redirect.body')
  return { url, method, headers: withoutCredentials(headers), body }
}
