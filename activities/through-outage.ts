// Work on the database that must get through an outage of it: what it stores has cost a provider's money, or has happened
// outside, and can't be had again.
import { Context } from '@temporalio/activity'
import { setTimeout as pause } from 'node:timers/promises'
import { isDatabaseUnavailable } from '../db/is-database-unavailable.ts'
import type { Platform } from '../platform/platform.ts'

/** Longer than a restart of Postgres takes, and than a failover as a rule. */
const patienceMs = 120_000
const firstRetryMs = 50
const slowestRetryMs = 1_000

/** `work` is repeated, so it must find it done when only its acknowledgement was lost. Rejects with the database's error at last. */
export async function throughOutage<T>({ log }: Pick<Platform, 'log'>, work: () => Promise<T>): Promise<T> {
  const giveUpAt = performance.now() + patienceMs
  for (let retryMs = firstRetryMs; ; retryMs = Math.min(retryMs * 2, slowestRetryMs)) {
    try {
      return await work()
    } catch (error) {
      if (!isDatabaseUnavailable(error) || performance.now() > giveUpAt) throw error
      if (retryMs === firstRetryMs) {
        log.warn({ err: error, activity: Context.current().info.activityType }, 'a result waits for the database')
      }
      await pause(retryMs)
    }
  }
}
