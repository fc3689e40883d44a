// What is asked of Redis about a turn's stream: each method is one round trip on the command connection.
// The message that goes out with an entry is the whole entry, so that a live reader needn't ask for it.
import type { Redis } from 'ioredis'
import type { TurnEvent } from '../../domain/chat/turn-event.ts'
import { type EventId, formatEventId, parseEventId } from '../../domain/event-id.ts'
import type { Logger } from '../logger.ts'
import { type EncodedEntry, encodeEntry } from './encoded-entry.ts'
import { redisErrorCode, redisUnavailable } from './redis-connection.ts'
import type { StreamEntry } from './turn-stream.ts'

/** A turn is forgotten a week after its first event: who follows one that waits for longer is told from Postgres. */
const abandonedSeconds = 7 * 24 * 3_600

/** Entries that are read at a time. */
export const pageSize = 256

/** Redis' answer to an id that isn't above the top one: the entry is there already, or a later attempt has overtaken it. */
const notAboveTop = /^ERR The ID specified in XADD is equal or smaller/

const field = 'event'

/** The Stream's key, and the channel of its messages: Redis keeps the two kinds of names apart. */
export const turnChannel = (turnId: string): string => `cdsa:turn:${turnId}`

const formatMessage = (id: string, payload: string): string => `${id} ${payload}`

/** Undefined for a message that isn't ours. */
export function parseTurnMessage(text: string): EncodedEntry | undefined {
  const space = text.indexOf(' ')
  const id = parseEventId(text.slice(0, space))
  return id === undefined ? undefined : { id, payload: text.slice(space + 1) }
}

type StreamRow = readonly [id: string, fields: readonly string[]]

function parseRow([name, fields]: StreamRow): EncodedEntry | undefined {
  const id = parseEventId(name)
  const payload = fields[fields.indexOf(field) + 1]
  return id === undefined || payload === undefined ? undefined : { id, payload }
}

/** All methods reject with AppError `service.unavailable` when Redis can't be reached or refuses. */
export interface RedisTurnStore {
  append(turnId: string, entries: readonly StreamEntry[]): Promise<void>
  appendAt(turnId: string, epoch: number, events: readonly TurnEvent[]): Promise<void>
  expire(turnId: string): Promise<void>
  isEmpty(turnId: string): Promise<boolean>
  /** Up to `pageSize` entries above `after`. */
  page(turnId: string, after: EventId | undefined): Promise<EncodedEntry[]>
  /** The ids of the streams' top entries; a turn without a stream is absent. */
  tops(turnIds: readonly string[]): Promise<ReadonlyMap<string, EventId>>
}

export function createRedisTurnStore(options: {
  readonly command: Redis
  readonly retentionSeconds: number
  readonly log: Logger
}): RedisTurnStore {
  const { command, retentionSeconds, log } = options
  let failing = false

  /** An outage is logged once, not for each of the many readers and appends that meet it. */
  async function use<T>(work: () => Promise<T>): Promise<T> {
    try {
      const result = await work()
      failing = false
      return result
    } catch (error) {
      if (!failing) log.warn({ err: error, reason: redisErrorCode(error) }, 'turn streams can’t be used for now')
      failing = true
      throw redisUnavailable()
    }
  }

  return {
    append: (turnId, entries) => use(() => appendEntries(command, turnId, entries)),
    appendAt: (turnId, epoch, events) =>
      use(async () => {
        for (const event of events) await appendNext(command, turnId, { epoch, event })
      }),
    expire: (turnId) =>
      use(async () => {
        await command.expire(turnChannel(turnId), retentionSeconds)
      }),
    isEmpty: (turnId) => use(async () => (await command.exists(turnChannel(turnId))) === 0),
    page: (turnId, after) =>
      use(async () => {
        const start = after === undefined ? '-' : `(${formatEventId(after)}`
        const rows = await command.xrange(turnChannel(turnId), start, '+', 'COUNT', pageSize)
        return rows.map(parseRow).filter((entry) => entry !== undefined)
      }),
    tops: (turnIds) => use(() => readTops(command, turnIds)),
  }
}

/**
 * The safety expiry is set once (`NX`), so that a latecomer's append can't prolong an ended turn's stream. A Redis before 7
 * refuses it, which fails nothing: its abandoned streams stay until they're evicted.
 */
async function appendEntries(command: Redis, turnId: string, entries: readonly StreamEntry[]): Promise<void> {
  if (entries.length === 0) return
  const key = turnChannel(turnId)
  const pipeline = command.pipeline()
  for (const entry of entries) {
    const id = formatEventId(entry.id)
    const { payload } = encodeEntry(entry)
    pipeline.xadd(key, id, field, payload).publish(key, formatMessage(id, payload))
  }
  pipeline.expire(key, abandonedSeconds, 'NX')
  const answers = (await pipeline.exec()) ?? []
  for (const [error] of answers.slice(0, -1)) if (error !== null && !notAboveTop.test(error.message)) throw error
}

/** Undefined where the id isn't above the top one. */
async function addAt(command: Redis, key: string, id: string, payload: string): Promise<string | undefined> {
  try {
    return (await command.xadd(key, id, field, payload)) ?? undefined
  } catch (error) {
    if (error instanceof Error && notAboveTop.test(error.message)) return undefined
    throw error
  }
}

/** Redis gives the id, so that processes that write at once don't have to agree; `epoch-*` needs a Redis from 7 on. */
async function appendNext(
  command: Redis,
  turnId: string,
  { epoch, event }: { readonly epoch: number; readonly event: TurnEvent },
): Promise<void> {
  const key = turnChannel(turnId)
  const payload = JSON.stringify(event)
  const id =
    (await addAt(command, key, formatEventId({ epoch, sequence: Date.now() }), payload)) ??
    (await addAt(command, key, `${epoch}-*`, payload))
  if (id === undefined) return
  await command.pipeline().publish(key, formatMessage(id, payload)).expire(key, abandonedSeconds, 'NX').exec()
}

async function readTops(command: Redis, turnIds: readonly string[]): Promise<ReadonlyMap<string, EventId>> {
  const pipeline = command.pipeline()
  for (const turnId of turnIds) pipeline.xrevrange(turnChannel(turnId), '+', '-', 'COUNT', 1)
  const answers = (await pipeline.exec()) ?? []
  const tops = new Map<string, EventId>()
  for (const [index, [error, rows]] of answers.entries()) {
    if (error !== null) throw error
    const turnId = turnIds[index]
    const top = parseEventId((rows as StreamRow[])[0]?.[0] ?? '')
    if (turnId !== undefined && top !== undefined) tops.set(turnId, top)
  }
  return tops
}
