// Whether a request that a cookie speaks for was sent by a page that may: a browser names the page’s origin, and sends the
// cookie along whatever the page is.
import type { Request } from 'express'
import { AppError } from '../../domain/errors.ts'
import type { Config } from '../../platform/config.ts'

function isOwn(origin: string, request: Request, { http, auth }: Pick<Config, 'http' | 'auth'>): boolean {
  if (http.corsOrigins.includes(origin) || origin === auth.publicUrl) return true
  return URL.canParse(origin) && new URL(origin).host === request.headers.host
}

/** Throws `auth.origin_refused`. A client that is no browser names no origin. */
export function requireSameOrigin(request: Request, config: Pick<Config, 'http' | 'auth'>): void {
  const { origin, 'sec-fetch-site': site } = request.headers
  const isRefused = origin === undefined ? site === 'cross-site' : !isOwn(origin, request, config)
  if (!isRefused) return
  throw new AppError('auth.origin_refused', {
    detail: 'This page isn’t of this origin: add its origin to CDSA_CORS_ORIGINS if it may sign in here.',
  })
}
