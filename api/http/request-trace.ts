// What is known of one request while it runs: its id, its logger, its abort signal; and what is told of it at its end:
// one access line and one measurement. Neither ever holds a query's value or a body.
import { randomUUID } from 'node:crypto'
import type { IncomingMessage } from 'node:http'
import type { RequestHandler, Response } from 'express'
import { Gauge, Histogram, type Registry, collectDefaultMetrics } from 'prom-client'
import { AppError } from '../../domain/errors.ts'
import type { Logger } from '../../platform/logger.ts'
import type { Actor } from '../../platform/auth/actor.ts'
import type { OpenStreams } from './open-streams.ts'

export interface RequestTrace {
  readonly requestId: string
  readonly log: Logger
  /** Aborts when the client goes away, and when `abort` is called. */
  readonly signal: AbortSignal
  readonly abort: (reason: AppError) => void
  /** The route's pattern, once it is known. */
  route?: string
  /** Who asks, once that is known: refusals are told of them. */
  actor?: Actor
  /** The code of the problem that was answered. */
  code?: string
}

const traces = new WeakMap<IncomingMessage, RequestTrace>()

/** The trace of a request that came through `traceRequests`. */
export function traceOf(request: IncomingMessage): RequestTrace {
  const trace = traces.get(request)
  if (trace === undefined) throw new AppError('internal', { detail: 'The request has no trace.' })
  return trace
}

const saneRequestId = /^[\w.~:/+=@-]{1,128}$/
/** Asked every few seconds by machines: told at debug level. */
const probes: ReadonlySet<string | undefined> = new Set(['/livez', '/readyz', '/metrics'])

interface HttpMetrics {
  readonly observe: (labels: { method: string; route: string; status: string }, seconds: number) => void
}

/** Registers the API's metrics once a registry, also when two apps share it. */
function registerMetrics(registry: Registry, streams: OpenStreams): HttpMetrics {
  if (registry.getSingleMetric('process_cpu_seconds_total') === undefined) collectDefaultMetrics({ register: registry })
  registry.removeSingleMetric('http_event_streams_open')
  const open: Gauge = new Gauge({
    name: 'http_event_streams_open',
    help: 'Event streams that are being sent',
    registers: [registry],
    collect: () => open.set(streams.size),
  })
  const name = 'http_request_duration_seconds'
  const duration =
    (registry.getSingleMetric(name) as Histogram | undefined) ??
    new Histogram({
      name,
      help: 'From the arrival of a request’s headers to the end of its answer',
      labelNames: ['method', 'route', 'status'],
      buckets: [0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30],
      registers: [registry],
    })
  return { observe: (labels, seconds) => duration.observe(labels, seconds) }
}

function writeAccessLine(trace: RequestTrace, method: string, response: Response, ms: number): void {
  const line = {
    method,
    route: trace.route ?? 'unmatched',
    status: response.statusCode,
    ms,
    ...(trace.actor === undefined ? {} : { userId: trace.actor.userId }),
    ...(trace.code === undefined ? {} : { code: trace.code }),
    ...(response.writableFinished ? {} : { cutOff: true }),
  }
  if (probes.has(trace.route)) trace.log.debug(line, 'request')
  else trace.log.info(line, 'request')
}

/** The first middleware: gives every request its trace, and tells of it when its response has closed. */
export function traceRequests(options: {
  readonly log: Logger
  readonly metrics: Registry
  readonly streams: OpenStreams
}): RequestHandler {
  const { observe } = registerMetrics(options.metrics, options.streams)
  return (request, response, next) => {
    const given = request.get('x-request-id')
    const requestId = given !== undefined && saneRequestId.test(given) ? given : randomUUID()
    const abortion = new AbortController()
    const trace: RequestTrace = {
      requestId,
      log: options.log.child({ requestId }),
      signal: abortion.signal,
      abort: (reason) => abortion.abort(reason),
    }
    traces.set(request, trace)
    response.setHeader('X-Request-Id', requestId)
    const began = performance.now()
    response.once('close', () => {
      if (!response.writableFinished) abortion.abort(new AppError('request.aborted'))
      const seconds = (performance.now() - began) / 1_000
      const labels = { method: request.method, route: trace.route ?? 'unmatched', status: String(response.statusCode) }
      observe(labels, seconds)
      writeAccessLine(trace, request.method, response, Math.round(seconds * 1_000))
    })
    next()
  }
}
