// Puts a reply on the wire: events, bytes, JSON or nothing.
import { once } from 'node:events'
import type { Readable } from 'node:stream'
import { pipeline } from 'node:stream/promises'
import type { Request, Response } from 'express'
import { AppError } from '../../domain/errors.ts'
import { sendEventStream, startEventStream } from './event-stream.ts'
import type { OpenStreams } from './open-streams.ts'
import { traceOf } from './request-trace.ts'
import type { Reply, ServerSentEvent } from './route.ts'

export interface SendOptions {
  readonly streams: OpenStreams
  readonly heartbeatMs: number
  readonly checkEvent: (event: ServerSentEvent) => void
}

/** Events win where they are all that there is, or what the client would rather have than JSON. */
const wantsEvents = (request: Request, reply: Reply): boolean =>
  reply.body === undefined || request.accepts(['application/json', 'text/event-stream']) === 'text/event-stream'

async function sendEvents(
  { request, response }: Exchange,
  events: AsyncIterable<ServerSentEvent>,
  { streams, heartbeatMs, checkEvent }: SendOptions,
): Promise<void> {
  const { signal, abort } = traceOf(request)
  if (request.method === 'HEAD') {
    startEventStream(response)
    response.end()
    return
  }
  const remove = streams.add(() => abort(new AppError('service.shutting_down')))
  try {
    await sendEventStream(response, events, { signal, heartbeatMs, check: checkEvent })
  } finally {
    remove()
  }
}

/** The first bytes are awaited before anything is sent, so that a source that fails at once is still a problem. */
async function sendBytes({ request, response }: Exchange, bytes: Readable): Promise<void> {
  if (request.method === 'HEAD') {
    bytes.destroy()
    response.end()
    return
  }
  if (bytes.readableLength === 0 && !bytes.readableEnded) await once(bytes, 'readable')
  await pipeline(bytes, response)
}

interface Exchange {
  readonly request: Request
  readonly response: Response
}

/** Resolves when the reply has been sent, or the client has gone. */
export async function sendReply(exchange: Exchange, reply: Reply, options: SendOptions): Promise<void> {
  const { request, response } = exchange
  response.setHeader('Cache-Control', 'no-store')
  for (const [name, value] of Object.entries(reply.headers ?? {})) response.setHeader(name, value)
  if (reply.events !== undefined && wantsEvents(request, reply)) {
    await sendEvents(exchange, reply.events, options)
    return
  }
  response.status(reply.status)
  if (reply.bytes !== undefined) await sendBytes(exchange, reply.bytes)
  else if (reply.status === 204 || reply.body === undefined) response.end()
  else response.json(reply.body)
}
