// Turn streams in memory, for the case that API and worker share one process.
// It forgets as Redis does: some time after a turn's end, and abandoned turns after a week.
import type { EventId } from '../../domain/event-id.ts'
import { isPastEnd } from './encoded-entry.ts'
import { LocalTurnLog } from './local-turn-log.ts'
import type { StreamEntry, TurnStream } from './turn-stream.ts'

/** A turn is forgotten a week after its first event: who follows one that waits for longer is told from Postgres. */
const abandonedMs = 7 * 24 * 3_600_000

/** Node fires a longer timer at once. */
const longestTimerMs = 2 ** 31 - 1

export function createLocalTurnStream({ retentionMs }: { readonly retentionMs: number }): TurnStream {
  const logs = new Map<string, LocalTurnLog>()
  const timers = new Map<string, NodeJS.Timeout>()
  let closed = false

  const open = (turnId: string): LocalTurnLog => {
    const log = logs.get(turnId) ?? new LocalTurnLog()
    logs.set(turnId, log)
    return log
  }
  const dropIfIdle = (turnId: string): void => {
    if (logs.get(turnId)?.isIdle === true) logs.delete(turnId)
  }
  const forgetAfter = (turnId: string, delayMs: number): void => {
    clearTimeout(timers.get(turnId))
    const forget = (): void => {
      timers.delete(turnId)
      logs.get(turnId)?.forgetEntries()
      dropIfIdle(turnId)
    }
    timers.set(turnId, setTimeout(forget, Math.min(delayMs, longestTimerMs)).unref())
  }

  async function* read(
    turnId: string,
    { after, signal }: { readonly after?: EventId; readonly signal: AbortSignal },
  ): AsyncGenerator<StreamEntry, void> {
    if (closed || signal.aborted || isPastEnd(after)) return
    try {
      yield* open(turnId).read(after, signal)
    } finally {
      dropIfIdle(turnId)
    }
  }

  return {
    append: async (turnId, entries) => {
      if (closed || entries.length === 0) return
      open(turnId).append(entries)
      if (!timers.has(turnId)) forgetAfter(turnId, abandonedMs)
    },
    appendAt: async (turnId, epoch, events) => {
      if (closed || events.length === 0) return
      open(turnId).appendAt(epoch, events)
      if (!timers.has(turnId)) forgetAfter(turnId, abandonedMs)
    },
    expire: async (turnId) => {
      if (timers.has(turnId)) forgetAfter(turnId, retentionMs)
    },
    read,
    isEmpty: async (turnId) => logs.get(turnId)?.isEmpty ?? true,
    close: async () => {
      closed = true
      for (const timer of timers.values()) clearTimeout(timer)
      for (const log of logs.values()) log.endReaders()
      timers.clear()
      logs.clear()
    },
  }
}
