// Writes server-sent events (WHATWG HTML, 9.2): one event at a time, the next only when the client has taken the last,
// so that a client that doesn't read costs one event of memory and, after a while, its connection.
import type { ServerResponse } from 'node:http'
import { AppError } from '../../domain/errors.ts'
import type { ServerSentEvent } from './route.ts'

export interface EventStreamOptions {
  /** Ends the stream: the client went away, or the server shuts down. */
  readonly signal: AbortSignal
  readonly heartbeatMs: number
  /** How long a client may leave an event untaken before it is dropped. */
  readonly stallMs?: number
  /** Called with each event before it is sent; what it throws ends the stream. */
  readonly check?: (event: ServerSentEvent) => void
}

const defaultStallMs = 30_000
const heartbeat = ': heartbeat\n\n'
const lineBreak = /[\r\n]|\u2028|\u2029/

/** The wire form of an event. JSON escapes line breaks, so the data is always one line. */
export function formatEvent({ id, event, data }: ServerSentEvent): string {
  if (lineBreak.test(event) || (id !== undefined && (lineBreak.test(id) || id.includes('\0')))) {
    throw new AppError('internal', { detail: 'An event’s name or id holds a line break.' })
  }
  return `event: ${event}\n${id === undefined ? '' : `id: ${id}\n`}data: ${JSON.stringify(data) ?? 'null'}\n\n`
}

/** Sends status and headers of a stream at once, so that the client knows that it is connected. */
export function startEventStream(response: ServerResponse): void {
  response.writeHead(200, {
    'Content-Type': 'text/event-stream; charset=utf-8',
    'Cache-Control': 'no-store',
    'X-Accel-Buffering': 'no',
  })
  response.flushHeaders()
}

/** The value, or undefined once the signal has aborted. */
function orAborted<T>(work: Promise<T>, signal: AbortSignal): Promise<T | undefined> {
  return new Promise((resolve, reject) => {
    const stop = (): void => resolve(undefined)
    signal.addEventListener('abort', stop, { once: true })
    void work.then(resolve, reject).finally(() => signal.removeEventListener('abort', stop))
    if (signal.aborted) stop()
  })
}

/** Resolves to whether the client has taken what was written. */
function taken(response: ServerResponse, signal: AbortSignal, stallMs: number): Promise<boolean> {
  return new Promise((resolve) => {
    const settle = (result: boolean): void => {
      clearTimeout(deadline)
      response.off('drain', drained)
      signal.removeEventListener('abort', stopped)
      resolve(result)
    }
    const drained = (): void => settle(true)
    const stopped = (): void => settle(true)
    const deadline = setTimeout(() => settle(false), stallMs)
    response.on('drain', drained)
    signal.addEventListener('abort', stopped, { once: true })
    if (signal.aborted) stopped()
  })
}

/**
 * Sends the events until they end, the signal aborts, or the client has left one untaken for `stallMs`: then its
 * connection is cut. Rejects with what the source throws; the response is then still open.
 */
export async function sendEventStream(
  response: ServerResponse,
  events: AsyncIterable<ServerSentEvent>,
  { signal, heartbeatMs, stallMs = defaultStallMs, check }: EventStreamOptions,
): Promise<void> {
  startEventStream(response)
  // A write that crosses the client's leaving fails; the signal tells of it already.
  response.on('error', () => {})
  const source = events[Symbol.asyncIterator]()
  const beat = setInterval(() => {
    if (!response.writableNeedDrain && !response.destroyed) response.write(heartbeat)
  }, heartbeatMs)
  try {
    while (!signal.aborted) {
      const next = await orAborted(source.next(), signal)
      if (next === undefined || next.done === true) break
      check?.(next.value)
      if (response.write(formatEvent(next.value)) || (await taken(response, signal, stallMs))) continue
      response.destroy()
      return
    }
    response.end()
  } finally {
    clearInterval(beat)
    // Not awaited: a generator that waits for its source takes the call only when that wakes.
    source.return?.()?.catch(() => {})
  }
}
