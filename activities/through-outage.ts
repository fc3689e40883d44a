// Commits what must get through an outage of the database: it has cost a provider's money, or has happened outside, and
// can't be had again.
import { setTimeout as pause } from 'node:timers/promises'
import { isDatabaseUnavailable } from '../db/is-database-unavailable.ts'
import type { Logger } from '../platform/logger.ts'

/** Longer than a restart of Postgres takes, and than a failover as a rule. */
const patienceMs = 120_000
const firstRetryMs = 50
const slowestRetryMs = 1_000

export interface Outlasting {
  readonly log: Logger
  /** Ids, for the log. */
  readonly about: Readonly<Record<string, string>>
  /** Why not to wait any longer; undefined: go on. */
  stopReason?(): Error | undefined
}

/** `commit` must bear a repeat. Rejects with the database's error when the outage lasts, and with the reason to stop. */
export async function throughOutage<T>({ log, about, stopReason }: Outlasting, commit: () => Promise<T>): Promise<T> {
  const giveUpAt = performance.now() + patienceMs
  for (let retryMs = firstRetryMs; ; retryMs = Math.min(retryMs * 2, slowestRetryMs)) {
    try {
      return await commit()
    } catch (error) {
      if (!isDatabaseUnavailable(error) || performance.now() > giveUpAt) throw error
      if (retryMs === firstRetryMs) log.warn({ err: error, ...about }, 'a result waits for the database')
      const reason = stopReason?.()
      if (reason !== undefined) throw reason
      await pause(retryMs)
    }
  }
}
