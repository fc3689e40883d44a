// The whole API as one Express application: what every request goes through, the route table below `/api/v1`, and the
// pages at the root.
import compression from 'compression'
import cors from 'cors'
import express, { type Express } from 'express'
import helmet from 'helmet'
import { AppError } from '../domain/errors.ts'
import type { Config } from '../platform/config.ts'
import type { Platform } from '../platform/platform.ts'
import type { Denials } from './audit/denials.ts'
import { createDocs } from './http/docs.ts'
import { handleErrors, refuseUnknownRoute } from './http/handle-errors.ts'
import type { Authenticate } from './http/admit.ts'
import { type Kernel, mountRoutes } from './http/mount-route.ts'
import { createOpenStreams } from './http/open-streams.ts'
import { createOpenApiDocument } from './http/openapi.ts'
import { parseQuery } from './http/parse-query.ts'
import { traceOf, traceRequests } from './http/request-trace.ts'
import type { Route } from './http/route.ts'
import { registerAuditAge } from './ops/audit-age.ts'
import { createHealthChecks, createOpsRoutes } from './ops/health.ts'

export interface AppOptions {
  readonly platform: Platform
  /** Served below `/api/v1`. */
  readonly routes: readonly Route[]
  /** Served at the root, such as `/.well-known/jwks.json`. */
  readonly rootRoutes?: readonly Route[]
  readonly authenticate: Authenticate
  /** Told of every request that is refused. */
  readonly denials: Denials
}

export interface App {
  readonly handler: Express
  /** Ends the event streams and those that still begin, so that a shutdown can finish. */
  closeStreams(): void
}

const apiBase = '/api/v1'
const codecBase = `${apiBase}/codec/`
const maxCorsAgeSeconds = 600

const exposedHeaders = [
  'X-Request-Id',
  'ETag',
  'Location',
  'Retry-After',
  'RateLimit',
  'RateLimit-Policy',
  'Idempotent-Replayed',
  'Content-Disposition',
]

/** What CDSA_TRUST_PROXY means to Express: a number of hops, yes or no, or addresses and names of networks. */
function toTrustProxy(value: string | undefined): boolean | number | string {
  if (value === undefined || value === 'false' || value === 'none') return false
  if (value === 'true') return true
  return /^\d+$/.test(value) ? Number(value) : value
}

function trustProxy(app: Express, value: string | undefined): void {
  try {
    app.set('trust proxy', toTrustProxy(value))
  } catch (cause) {
    throw new AppError('internal', { detail: 'CDSA_TRUST_PROXY is neither a number of hops nor addresses.', cause })
  }
}

/** Nothing that the API sends may load or run anything; /docs has a policy of its own. */
const secureHeaders = helmet({
  contentSecurityPolicy: {
    useDefaults: false,
    directives: { defaultSrc: ["'none'"], frameAncestors: ["'none'"] },
  },
})

function shareAcross(origins: Config['http']['corsOrigins']): express.RequestHandler {
  const any = origins.includes('*')
  return cors({
    origin: any ? '*' : [...origins],
    credentials: !any,
    exposedHeaders,
    maxAge: maxCorsAgeSeconds,
  })
}

/** What a page may read payloads by is named exactly: `*` stands for nobody there. */
function shareWithOrigins({ http }: Config): express.RequestHandler {
  const named = http.corsOrigins.filter((origin) => origin !== '*')
  const everywhere = http.corsOrigins.length > 0 ? shareAcross(http.corsOrigins) : undefined
  const codec = [...http.codecOrigins, ...named]
  const payloads = codec.length > 0 ? shareAcross(codec) : undefined
  return (request, response, next) => {
    const share = request.path.startsWith(codecBase) ? payloads : everywhere
    if (share === undefined) next()
    else share(request, response, next)
  }
}

/** Event streams are never compressed: a compressor would hold their events back. */
const compress = compression({
  filter: (request, response) => {
    const isStream = String(response.getHeader('content-type')).startsWith('text/event-stream')
    return !isStream && compression.filter(request, response)
  },
})

function createExpress({ http }: Config): Express {
  const app = express()
  trustProxy(app, http.trustProxy)
  app.set('query parser', parseQuery)
  app.set('case sensitive routing', true)
  // Entity tags are versions of resources, given by their routes: never hashes of answers.
  app.disable('etag')
  return app
}

function mountApi(app: Express, options: AppOptions, kernel: Kernel): void {
  const { routes, rootRoutes = [] } = options
  const router = express.Router({ caseSensitive: true })
  mountRoutes(router, routes, { kernel, base: apiBase })
  app.use(apiBase, router)
  mountRoutes(app, rootRoutes, { kernel, base: '' })
  let document: string | undefined
  app.get('/openapi.json', (request, response) => {
    traceOf(request).route = '/openapi.json'
    const { uploadLimitBytes } = options.platform.config.http
    document ??= JSON.stringify(createOpenApiDocument({ routes, rootRoutes, base: apiBase, uploadLimitBytes }))
    response.setHeader('Cache-Control', 'no-cache')
    response.type('application/json').send(document)
  })
}

/** Builds the API. Nothing listens, and no dependency is asked, until a request comes. */
export function createApp(options: AppOptions): App {
  const { platform, authenticate, denials } = options
  const { config, log, metrics } = platform
  const streams = createOpenStreams()
  const app = createExpress(config)
  registerAuditAge(platform)
  app.use(traceRequests({ log, metrics, streams }), secureHeaders)
  app.use(shareWithOrigins(config))
  app.use(compress)
  app.use(createOpsRoutes({ platform, checks: createHealthChecks(platform), isClosing: () => streams.closed }))
  app.use(createDocs())
  mountApi(app, options, { platform, authenticate, denials, streams })
  app.use(refuseUnknownRoute, handleErrors)
  return { handler: app, closeStreams: () => streams.closeAll() }
}
