// Events of one row's way to its end: the row itself at every change, from its present state on. The bus only hints that it
// has changed, and may lose a hint: the row is read every few seconds, too.
import { type EventId, compareEventIds, formatEventId, parseEventId } from '../../domain/event-id.ts'
import type { Context } from '../../platform/platform.ts'
import type { ServerSentEvent } from './route.ts'

const lookMs = 5_000

export interface RowState {
  /** Rises with every change of the row. */
  readonly id: EventId
  readonly event: string
  readonly data: unknown
  /** Nothing comes after it. */
  readonly isOver: boolean
}

export interface FollowedRow {
  /** On which each change is hinted at. */
  readonly channel: string
  /** Throws `resource.not_found` where the caller may not see it. */
  read(): Promise<RowState>
  readonly lastEventId: string | undefined
}

type FollowContext = Pick<Context, 'bus' | 'signal'>

/** The events after `Last-Event-ID`; undefined when the client has seen the end already. */
export async function followRow(
  context: FollowContext,
  row: FollowedRow,
): Promise<AsyncIterable<ServerSentEvent> | undefined> {
  const { id, isOver } = await row.read()
  const after = parseEventId(row.lastEventId ?? '')
  const seen = after !== undefined && compareEventIds(after, id) >= 0
  return isOver && seen ? undefined : rowEvents(context, row, after)
}

async function* rowEvents(
  { bus, signal }: FollowContext,
  { channel, read }: FollowedRow,
  after: EventId | undefined,
): AsyncGenerator<ServerSentEvent> {
  let wake = (): void => {}
  let hinted = false
  const hint = (): void => {
    hinted = true
    wake()
  }
  const unsubscribe = await bus.subscribe(channel, hint)
  signal.addEventListener('abort', hint)
  const timer = setInterval(hint, lookMs)
  let last = after
  try {
    while (!signal.aborted) {
      hinted = false
      const { id, event, data, isOver } = await read()
      const isNew = last === undefined || compareEventIds(id, last) > 0
      if (isNew) yield { id: formatEventId(id), event, data }
      if (isOver) return
      if (isNew) last = id
      if (!hinted)
        await new Promise<void>((resolve) => {
          wake = resolve
        })
    }
  } finally {
    clearInterval(timer)
    signal.removeEventListener('abort', hint)
    await unsubscribe()
  }
}
