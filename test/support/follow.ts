// Follows event streams to their end, as a client of the API would.
import type { ApiClient } from './api-client.ts'
import { openEvents } from './server-sent-events.ts'

export interface TurnEventSeen {
  readonly id: string
  readonly event: string
  readonly data: Record<string, any> // eslint-disable-line typescript/no-explicit-any -- a test reads what it expects
}

const parse = ({
  id,
  event,
  data,
}: {
  id?: string | undefined
  event?: string | undefined
  data: string
}): TurnEventSeen => ({
  id: id ?? '',
  event: event ?? 'message',
  data: JSON.parse(data),
})

const authorization = (client: ApiClient) => ({ authorization: `Bearer ${client.token}` })

/** All events of a stream until the server ends it. */
export async function followToEnd(client: ApiClient, path: string, lastEventId?: string): Promise<TurnEventSeen[]> {
  const stream = await openEvents(`${client.apiUrl}${path}`, {
    headers: authorization(client),
    ...(lastEventId === undefined ? {} : { lastEventId }),
  })
  const events: TurnEventSeen[] = []
  for await (const event of stream.events) events.push(parse(event))
  return events
}

/**
 * What a client shows that follows the rules: deltas of the newest step's newest attempt, a reset clears, a snapshot
 * replaces.
 */
export class TurnView {
  readonly ids: string[] = []
  readonly events: TurnEventSeen[] = []
  text = ''
  step = 1
  attempt = 1
  resets = 0
  snapshots = 0
  ending: TurnEventSeen | undefined

  take(event: TurnEventSeen): void {
    this.ids.push(event.id)
    this.events.push(event)
    const step = Number(event.data['step'] ?? this.step)
    if (step < this.step) return
    if (step > this.step) {
      this.step = step
      this.attempt = 1
      this.text = ''
    }
    const attempt = Number(event.data['attempt'] ?? this.attempt)
    if (attempt < this.attempt) return
    if (event.event === 'turn.reset') {
      this.attempt = attempt
      this.text = ''
      this.resets += 1
    } else if (event.event === 'text.delta') this.text += event.data['text']
    else if (event.event === 'snapshot') {
      this.text = event.data['message'].content
      this.snapshots += 1
    } else if (['turn.completed', 'turn.failed', 'turn.cancelled'].includes(event.event)) this.ending = event
  }
}

/**
 * Follows a turn like a browser: reconnects with `Last-Event-ID` whenever the connection breaks, until the terminal
 * event. `onEvent` may kill things in between. A function names the API to read from anew at each connection.
 */
export async function followTurnPersistently(
  reader: ApiClient | (() => ApiClient),
  eventsUrl: string,
  options: { readonly onEvent?: (view: TurnView) => void; readonly deadlineMs?: number } = {},
): Promise<TurnView> {
  const view = new TurnView()
  const deadline = Date.now() + (options.deadlineMs ?? 60_000)
  while (view.ending === undefined) {
    if (Date.now() > deadline)
      throw new Error(
        `the turn didn't end: ${view.events
          .slice(-3)
          .map((e) => e.event)
          .join(', ')}`,
      )
    const lastEventId = view.ids.at(-1)
    const client = typeof reader === 'function' ? reader() : reader
    try {
      const stream = await openEvents(`${client.apiUrl}${eventsUrl}`, {
        headers: authorization(client),
        ...(lastEventId === undefined ? {} : { lastEventId }),
      })
      for await (const event of stream.events) {
        view.take(parse(event))
        options.onEvent?.(view)
      }
    } catch {
      await new Promise((resolve) => setTimeout(resolve, 100))
    }
  }
  return view
}

/** Waits until a document's ingestion is over; resolves to the last event. */
export async function followDocumentToEnd(client: ApiClient, documentId: string): Promise<TurnEventSeen> {
  const events = await followToEnd(client, `/api/v1/documents/${documentId}/events`)
  const last = events.at(-1)
  if (last === undefined) throw new Error('the document’s stream was empty')
  return last
}

/** The same over broken connections; `onEvent` sees each event that comes. */
export async function followDocumentPersistently(
  reader: ApiClient | (() => ApiClient),
  documentId: string,
  onEvent: (event: TurnEventSeen) => void = () => {},
): Promise<TurnEventSeen> {
  const deadline = Date.now() + 120_000
  let last: TurnEventSeen | undefined
  while (last === undefined || !['document.indexed', 'document.failed'].includes(last.event)) {
    if (Date.now() > deadline) throw new Error(`the ingestion didn't end: ${JSON.stringify(last?.data)}`)
    const client = typeof reader === 'function' ? reader() : reader
    try {
      const stream = await openEvents(`${client.apiUrl}/api/v1/documents/${documentId}/events`, {
        headers: authorization(client),
        ...(last === undefined ? {} : { lastEventId: last.id }),
      })
      for await (const event of stream.events) {
        last = parse(event)
        onEvent(last)
      }
    } catch {
      await new Promise((resolve) => setTimeout(resolve, 100))
    }
  }
  return last
}
