// A real client of server-sent events for the tests: fetch for the connection, eventsource-parser for the format.
// Unlike a browser's EventSource it sends headers, any method and a body, and doesn't reconnect behind the test's back.
import { createParser, type EventSourceMessage } from 'eventsource-parser'

export interface ServerSentEvent {
  readonly id: string | undefined
  /** `message` when the server names none, as the standard has it. */
  readonly event: string
  /** As sent: usually JSON. */
  readonly data: string
}

export interface OpenEventsOptions {
  readonly method?: string
  readonly headers?: Readonly<Record<string, string>>
  readonly lastEventId?: string
  /** An object is sent as JSON; a string as it is. */
  readonly body?: unknown
}

export interface OpenedEvents {
  readonly status: number
  readonly headers: Headers
  /** For one reader. Ends with the server's end or `close`; throws when the connection breaks, and for an answer that isn't an event stream. */
  readonly events: AsyncIterable<ServerSentEvent>
  /** The comments so far, such as heartbeats: they're read along with the events. */
  readonly comments: readonly string[]
  /** The body of an answer that isn't an event stream, such as a problem. */
  text(): Promise<string>
  close(): void
}

function toRequest({ method, headers, lastEventId, body }: OpenEventsOptions, signal: AbortSignal): RequestInit {
  const json = body !== undefined && typeof body !== 'string'
  const content = typeof body === 'string' ? body : JSON.stringify(body)
  return {
    method: method ?? (body === undefined ? 'GET' : 'POST'),
    headers: {
      accept: 'text/event-stream',
      ...(json ? { 'content-type': 'application/json' } : {}),
      ...(lastEventId === undefined ? {} : { 'last-event-id': lastEventId }),
      ...headers,
    },
    ...(body === undefined ? {} : { body: content }),
    signal,
  }
}

const isEventStream = (response: Response): boolean =>
  (response.headers.get('content-type') ?? '').startsWith('text/event-stream')

async function* parseEvents(
  response: Response,
  comments: string[],
  signal: AbortSignal,
): AsyncGenerator<ServerSentEvent, void> {
  if (response.body === null || !isEventStream(response))
    throw new Error(`The answer ${response.status} isn't an event stream.`)
  const messages: EventSourceMessage[] = []
  const parser = createParser({
    onEvent: (message) => messages.push(message),
    onComment: (comment) => comments.push(comment),
  })
  const decoder = new TextDecoder()
  try {
    for await (const chunk of response.body) {
      parser.feed(decoder.decode(chunk as Uint8Array, { stream: true }))
      for (const { id, event, data } of messages.splice(0)) yield { id, event: event ?? 'message', data }
    }
  } catch (error) {
    if (!signal.aborted) throw error
  }
}

/** Resolves with the answer's head, whatever its status. Rejects when there is no answer. */
export async function openEvents(url: string | URL, options: OpenEventsOptions = {}): Promise<OpenedEvents> {
  const controller = new AbortController()
  const response = await fetch(url, toRequest(options, controller.signal))
  const comments: string[] = []
  return {
    status: response.status,
    headers: response.headers,
    events: parseEvents(response, comments, controller.signal),
    comments,
    text: () => response.text(),
    close: () => controller.abort(),
  }
}
