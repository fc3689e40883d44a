// Commits what a model step has made through an outage of the database: the answer has cost a provider's time and money, and
// a failed step would ask for it again and stream another one.
import { setTimeout as pause } from 'node:timers/promises'
import { isDatabaseUnavailable } from '../../db/is-database-unavailable.ts'
import type { Logger } from '../../platform/logger.ts'
import type { StopListener } from './listen-for-cancel.ts'

/** Longer than a restart of Postgres takes, and than a failover as a rule. */
const patienceMs = 120_000
const firstRetryMs = 50
const slowestRetryMs = 1_000

/**
 * `commit` must bear a repeat. Rejects with the database's error when the outage lasts, and with the signal's reason when
 * the worker has to stop.
 */
export async function throughOutage<T>(
  step: { readonly log: Logger; readonly turnId: string; readonly stop: Pick<StopListener, 'signal' | 'isUserCancel'> },
  commit: () => Promise<T>,
): Promise<T> {
  const { log, turnId, stop } = step
  const giveUpAt = performance.now() + patienceMs
  for (let retryMs = firstRetryMs; ; retryMs = Math.min(retryMs * 2, slowestRetryMs)) {
    try {
      return await commit()
    } catch (error) {
      if (!isDatabaseUnavailable(error) || performance.now() > giveUpAt) throw error
      if (retryMs === firstRetryMs) log.warn({ err: error, turnId }, 'an answer waits for the database')
      if (stop.signal.aborted && !stop.isUserCancel()) throw stop.signal.reason
      await pause(retryMs)
    }
  }
}
