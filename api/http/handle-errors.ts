// The end of every request that failed: log what we broke, answer with a problem, and let the client see that answer
// although it may still be sending.
import type { ErrorRequestHandler, RequestHandler } from 'express'
import type { IncomingMessage } from 'node:http'
import { AppError } from '../../domain/errors.ts'
import { sendProblem, toAppError } from './problem.ts'
import { traceOf } from './request-trace.ts'

/** How long the rest of a refused body is read away. Closing at once would reset the connection, and lose the answer. */
const drainMs = 120_000

function drain(request: IncomingMessage): void {
  if (request.complete) return
  request.resume()
  const deadline = setTimeout(() => request.destroy(), drainMs).unref()
  request.once('close', () => clearTimeout(deadline))
}

/** For requests that no route took. */
export const refuseUnknownRoute: RequestHandler = () => {
  throw new AppError('route.not_found')
}

/** The last middleware. A failure after the headers can only cut the connection. */
export const handleErrors: ErrorRequestHandler = (thrown: unknown, request, response, _next) => {
  const error = toAppError(thrown)
  const trace = traceOf(request)
  trace.code = error.code
  if (error.kind === 'internal') trace.log.error({ err: error }, 'a request failed')
  else if (error.kind === 'unavailable' && !trace.signal.aborted) {
    trace.log.warn({ err: error }, 'a request couldn’t be served')
  }
  drain(request)
  if (response.headersSent) response.destroy()
  else sendProblem(response, error, request.originalUrl)
}
