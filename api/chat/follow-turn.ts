// The events of a turn as one client sees them: the live stream, backed by Postgres where the stream has been lost.
import { setTimeout } from 'node:timers/promises'
import { findEndedTurn } from '../../db/chat/turn-work.ts'
import { findTurnStatus, getTurn } from '../../db/chat/turns.ts'
import { type EndedTurn, endingEntries } from '../../domain/chat/turn-ending.ts'
import { type EventId, compareEventIds, formatEventId, parseEventId } from '../../domain/event-id.ts'
import { isTerminal, startedEventId, terminalEventId } from '../../domain/chat/turn-event.ts'
import { type Turn, isFinal } from '../../domain/chat/chat.ts'
import { AppError } from '../../domain/errors.ts'
import type { Context } from '../../platform/platform.ts'
import type { StreamEntry } from '../../platform/stream/turn-stream.ts'
import type { ServerSentEvent } from '../http/route.ts'
import { restoreRequests } from './restore-requests.ts'

type Follower = Pick<Context, 'db' | 'streams' | 'signal'>

/** A stream that is silent for so long makes the follower look at the row: the end may have been published to nobody. */
const lookMs = 5_000

/** The events after `Last-Event-ID`, or all; undefined when the client has seen the end already. */
export async function followTurn(
  context: Context,
  input: { readonly chatId: string; readonly turnId: string; readonly lastEventId: string | undefined },
): Promise<AsyncIterable<ServerSentEvent> | undefined> {
  const { db, actor } = context
  const after = input.lastEventId === undefined ? undefined : parseEventId(input.lastEventId)
  if (input.lastEventId !== undefined && after === undefined) {
    throw new AppError('request.malformed', { detail: 'Last-Event-ID isn’t the id of an event of a turn.' })
  }
  const turn = await getTurn(db, { userId: actor.userId, chatId: input.chatId, turnId: input.turnId })
  if (isFinal(turn.status) && after !== undefined && compareEventIds(after, terminalEventId) >= 0) return undefined
  return turnEvents(context, turn, after)
}

/** The same for a turn that was just created. */
export async function* turnEvents(context: Follower, turn: Turn, after?: EventId): AsyncGenerator<ServerSentEvent> {
  if (after === undefined) yield { id: formatEventId(startedEventId), event: 'turn.started', data: { turn } }
  let last = after ?? startedEventId
  for await (const { id, event } of entriesToTheEnd(context, turn, last)) {
    if (compareEventIds(id, last) <= 0) continue
    last = id
    yield { id: formatEventId(id), event: event.type, data: event.data }
    if (isTerminal(event.type)) return
  }
}

async function* entriesToTheEnd(context: Follower, turn: Turn, after: EventId): AsyncGenerator<StreamEntry> {
  const { streams, db, signal } = context
  const stop = new AbortController()
  const live = streams.read(turn.id, { after, signal: AbortSignal.any([signal, stop.signal]) })
  const entries = live[Symbol.asyncIterator]()
  let next = entries.next()
  let silent = true
  let look = pause(lookMs)
  try {
    // A stream that can't be asked holds nothing for an ended turn: Postgres does.
    let lost = isFinal(turn.status) && (await streams.isEmpty(turn.id).catch(() => true))
    if (turn.status === 'waiting_approval') await restoreRequests(context, turn.id)
    while (!lost) {
      const result = await Promise.race([next, look])
      if (result === undefined) {
        const status = silent ? await findTurnStatus(db, turn.id) : turn.status
        lost = silent && (status === undefined || isFinal(status))
        if (silent && status === 'waiting_approval') await restoreRequests(context, turn.id)
        silent = true
        look = pause(lookMs)
        continue
      }
      if (result.done === true) return
      silent = false
      yield result.value
      next = entries.next()
    }
    yield* endingEntries((await findEndedTurn(db, turn.id)) ?? gone)
  } finally {
    stop.abort()
    await next.catch(() => {})
  }
}

/** How a turn ends for its followers when its chat has been deleted. */
const gone: EndedTurn = { status: 'cancelled', problem: null, message: null }

/** The timer keeps no process alive. */
const pause = (ms: number): Promise<undefined> => setTimeout(ms, undefined, { ref: false })
