// The guard in the form in which openid-client asks for HTTP: the provider's own documents name the hosts of the next
// requests, so each is checked as any host that somebody else names.
import type { CustomFetch, CustomFetchOptions } from 'openid-client'
import { AppError } from '../../domain/errors.ts'
import type { Egress } from '../egress/guarded-fetch.ts'

const limits = { maxBytes: 1024 * 1024, timeoutMs: 10_000, maxRedirects: 0 }

const hasNoBody = (status: number): boolean => status === 204 || status === 205 || status === 304

function textOf(body: CustomFetchOptions['body']): string | undefined {
  if (body === undefined || body === null || typeof body === 'string') return body ?? undefined
  if (body instanceof URLSearchParams) return body.toString()
  throw new AppError('internal', { detail: 'A request to the provider has a body that isn’t text.' })
}

/** Rejects with AppError `egress.*`. A redirect is the answer, which no step of OpenID Connect takes. */
export function createOidcFetch(egress: Egress): CustomFetch {
  return async (url, { method, headers, body, signal }) => {
    const text = textOf(body)
    const answer = await egress.fetch(url, {
      ...limits,
      method,
      headers,
      ...(text === undefined ? {} : { body: text }),
      ...(signal === undefined ? {} : { signal }),
    })
    const { status } = answer
    if (status < 200 || status > 599) {
      answer.cancel()
      throw new AppError('egress.failed', { detail: 'The host answered with a status that HTTP doesn’t know.' })
    }
    const bytes = await answer.bytes()
    return new Response(hasNoBody(status) ? null : Buffer.from(bytes), { status, headers: answer.headers })
  }
}
