// Ends a turn with what its step has made, through an outage of the database: the answer has cost a provider's time and
// money, and a failed step would ask for it again and stream another one.
import { setTimeout as pause } from 'node:timers/promises'
import { type TurnEnding, endTurn } from '../../db/chat/turn-work.ts'
import { isDatabaseUnavailable } from '../../db/is-database-unavailable.ts'
import type { EndedTurn } from '../../domain/chat/turn-ending.ts'
import type { Platform } from '../../platform/platform.ts'
import type { StopListener } from './listen-for-cancel.ts'

/** Longer than a restart of Postgres takes, and than a failover as a rule. */
const patienceMs = 120_000
const firstRetryMs = 50
const slowestRetryMs = 1_000

/**
 * Resolves to how the turn did end; undefined when it is gone. Rejects with the database's error when the outage lasts,
 * and with the signal's reason when the worker has to stop.
 */
export async function commitEnding(
  { db, log }: Pick<Platform, 'db' | 'log'>,
  turnId: string,
  { ending, stop }: { readonly ending: TurnEnding; readonly stop: Pick<StopListener, 'signal' | 'isUserCancel'> },
): Promise<EndedTurn | undefined> {
  const giveUpAt = performance.now() + patienceMs
  for (let retryMs = firstRetryMs; ; retryMs = Math.min(retryMs * 2, slowestRetryMs)) {
    try {
      // A commit whose acknowledgement was lost has ended the turn: the next try finds it so.
      return await endTurn(db, turnId, ending)
    } catch (error) {
      if (!isDatabaseUnavailable(error) || performance.now() > giveUpAt) throw error
      if (retryMs === firstRetryMs) log.warn({ err: error, turnId }, 'an answer waits for the database')
      if (stop.signal.aborted && !stop.isUserCancel()) throw stop.signal.reason
      await pause(retryMs)
    }
  }
}
