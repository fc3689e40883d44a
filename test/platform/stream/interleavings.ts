// Random histories of one turn with several followers, run against a stream and checked step by step against a list.
// A follower is a client: it reads for a while, loses its connection, and comes back with the last id it saw.
import { expect } from 'chai'
import * as fc from 'fast-check'
import { compareEventIds, type EventId, formatEventId } from '../../../domain/event-id.ts'
import type { StreamEntry, TurnStream } from '../../../platform/stream/turn-stream.ts'
import { delta, idsOf, newTurnId, terminal } from './turn-events.ts'

type Action =
  | { readonly kind: 'append'; readonly count: number }
  | { readonly kind: 'repeat'; readonly count: number }
  | { readonly kind: 'retry' }
  | { readonly kind: 'take'; readonly follower: number; readonly count: number }
  | { readonly kind: 'drop'; readonly follower: number }
  | { readonly kind: 'disrupt' }

const followerCount = 3
const follower = fc.nat(followerCount - 1)
const count = fc.integer({ min: 1, max: 8 })

export const historyArbitrary: fc.Arbitrary<Action[]> = fc.array(
  fc.oneof(
    { weight: 5, arbitrary: fc.record({ kind: fc.constant('append' as const), count }) },
    { weight: 1, arbitrary: fc.record({ kind: fc.constant('repeat' as const), count }) },
    { weight: 1, arbitrary: fc.record({ kind: fc.constant('retry' as const) }) },
    { weight: 6, arbitrary: fc.record({ kind: fc.constant('take' as const), follower, count }) },
    { weight: 2, arbitrary: fc.record({ kind: fc.constant('drop' as const), follower }) },
    { weight: 1, arbitrary: fc.record({ kind: fc.constant('disrupt' as const) }) },
  ),
  { maxLength: 40 },
)

class Follower {
  readonly seen: string[] = []
  last: EventId | undefined
  readonly #streams: TurnStream
  readonly #turnId: string
  #connection: { readonly iterator: AsyncIterator<StreamEntry>; readonly controller: AbortController } | undefined

  constructor(streams: TurnStream, turnId: string) {
    this.#streams = streams
    this.#turnId = turnId
  }

  /** The next entry, or undefined at the end; connects first where need be. */
  async next(): Promise<StreamEntry | undefined> {
    this.#connection ??= this.#connect()
    const result = await this.#connection.iterator.next()
    if (result.done === true) return undefined
    this.last = result.value.id
    this.seen.push(formatEventId(result.value.id))
    return result.value
  }

  async drop(): Promise<void> {
    const connection = this.#connection
    this.#connection = undefined
    connection?.controller.abort()
    expect((await connection?.iterator.next())?.done ?? true).to.equal(true)
  }

  #connect() {
    const controller = new AbortController()
    const options = { signal: controller.signal, ...(this.last === undefined ? {} : { after: this.last }) }
    return { controller, iterator: this.#streams.read(this.#turnId, options)[Symbol.asyncIterator]() }
  }
}

/** Runs one history to its end. `disrupt` cuts the reader's connections without waiting for their return. */
export async function runHistory(
  { writer, reader }: { readonly writer: TurnStream; readonly reader: TurnStream },
  history: readonly Action[],
  disrupt: () => void,
): Promise<void> {
  const turnId = newTurnId()
  const followers = Array.from({ length: followerCount }, () => new Follower(reader, turnId))
  const published: StreamEntry[] = []
  let epoch = 1_001
  let sequence = 0
  const append = async (entries: readonly StreamEntry[]): Promise<void> => {
    published.push(...entries)
    await writer.append(turnId, entries)
  }
  for (const action of history) {
    if (action.kind === 'append') await append(Array.from({ length: action.count }, () => delta(epoch, ++sequence)))
    else if (action.kind === 'repeat') await writer.append(turnId, published.slice(-action.count))
    else if (action.kind === 'disrupt') disrupt()
    else if (action.kind === 'drop') await followers[action.follower]?.drop()
    else if (action.kind === 'retry') [epoch, sequence] = [epoch + 1, 0]
    else await take(followers[action.follower] as Follower, published, action.count)
  }
  await append([terminal])
  for (const each of followers) {
    while ((await each.next()) !== undefined);
    expect(each.seen).to.deep.equal(idsOf(published))
  }
}

async function take(each: Follower, published: readonly StreamEntry[], wanted: number): Promise<void> {
  for (let taken = 0; taken < wanted; taken += 1) {
    const { last } = each
    const expected = published.find(({ id }) => last === undefined || compareEventIds(id, last) > 0)
    if (expected === undefined) return
    expect(await each.next()).to.deep.equal(expected)
  }
}
