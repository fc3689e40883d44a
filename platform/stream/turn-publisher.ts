// Publishes one model step's events in order, one append at a time, and tries again while Redis is away.
// Tokens are a view of the turn, not the turn: publishing never throws and holds nobody up for long, whatever becomes of Redis.
import type { StepPosition, TurnEvent } from '../../domain/chat/turn-event.ts'
import type { Logger } from '../logger.ts'
import { createLatch } from './latch.ts'
import { createPendingEvents, isDelta } from './pending-events.ts'
import type { StreamEntry, TurnStream } from './turn-stream.ts'

export type SnapshotEvent = Extract<TurnEvent, { type: 'snapshot' }>
export type TerminalEvent = Extract<TurnEvent, { type: 'turn.completed' | 'turn.failed' | 'turn.cancelled' }>

export interface TurnPublisher {
  /** Returns at once. */
  publish(event: TurnEvent): void
  /** Resolves when all events so far are out, or were given up after `patienceMs` without Redis. Never rejects. */
  flush(): Promise<void>
  /** Resolves like `flush`. */
  publishSnapshot(event: SnapshotEvent): Promise<void>
  /** Resolves like `flush`, and lets the stream expire. */
  publishTerminal(event: TerminalEvent): Promise<void>
}

export interface TurnPublisherOptions {
  readonly streams: TurnStream
  readonly log: Logger
  readonly turnId: string
  readonly position: StepPosition
  /** Text that comes within so many milliseconds of the last text sent goes out together; the first never waits. */
  readonly flushMs?: number
  /** How long a flush keeps trying before it gives the events up. */
  readonly patienceMs?: number
}

const firstRetryMs = 50
const slowestRetryMs = 1_000

export function createTurnPublisher(options: TurnPublisherOptions): TurnPublisher {
  const { streams, log, turnId, position, flushMs = 15, patienceMs = 5_000 } = options
  const pending = createPendingEvents(position)
  const news = createLatch()
  let lastTextAt = Number.NEGATIVE_INFINITY
  let giveUpAt = Number.POSITIVE_INFINITY
  let pumping: Promise<void> | undefined
  let reported = false

  const report = (error: unknown): void => {
    if (!reported) log.warn({ err: error, turnId }, 'a turn’s events can’t be published for now')
    reported = true
  }
  const send = async (batch: readonly StreamEntry[]): Promise<void> => {
    if (batch.some(({ event }) => isDelta(event))) lastTextAt = performance.now()
    for (let retryMs = firstRetryMs; ; retryMs = Math.min(retryMs * 2, slowestRetryMs)) {
      try {
        return await streams.append(turnId, batch)
      } catch (error) {
        report(error)
        if (performance.now() >= giveUpAt) return
        await news.wait(Math.min(retryMs, giveUpAt - performance.now()))
      }
    }
  }
  /** Forgets itself in the tick in which it finds nothing left, so that no event is stranded between two pumps. */
  const pump = async (): Promise<void> => {
    while (pending.size > 0) {
      const waitMs = lastTextAt + flushMs - performance.now()
      const mayWait = pending.onlyText && giveUpAt === Number.POSITIVE_INFINITY
      if (mayWait && waitMs > 0) await news.wait(waitMs)
      else await send(pending.take())
    }
    pumping = undefined
    giveUpAt = Number.POSITIVE_INFINITY
  }
  const publish = (event: TurnEvent): void => {
    pending.add(event)
    if (pumping === undefined) pumping = pump()
    else if (!isDelta(event)) news.wake()
  }
  const flush = async (): Promise<void> => {
    if (pumping === undefined) return
    giveUpAt = Math.min(giveUpAt, performance.now() + patienceMs)
    news.wake()
    await pumping
  }

  return {
    publish,
    flush,
    publishSnapshot: async (event) => {
      publish(event)
      await flush()
    },
    publishTerminal: async (event) => {
      publish(event)
      await flush()
      await streams.expire(turnId).catch(report)
    },
  }
}
