// How long the audit log has been waiting for its seal, as a metric: nothing seals while a transaction stays open, while no
// worker runs, or while the signer refuses. Whoever watches it learns of all three.
import { Gauge, type Registry } from 'prom-client'
import { findUnsealedSeconds } from '../../db/audit/sealing.ts'
import type { Platform } from '../../platform/platform.ts'

const name = 'audit_unsealed_seconds'

/** Asked at each scrape; NaN while the database doesn't answer. Registers once a registry, for the newest caller. */
export function registerAuditAge({
  db,
  log,
  metrics,
}: Pick<Platform, 'db' | 'log'> & { readonly metrics: Registry }): void {
  metrics.removeSingleMetric(name)
  const gauge: Gauge = new Gauge({
    name,
    help: 'Age of the oldest audit event that isn’t in the signed tree yet; 0 when there is none',
    registers: [metrics],
    collect: async () => {
      try {
        gauge.set((await findUnsealedSeconds(db)) ?? 0)
      } catch (error) {
        log.debug({ err: error }, 'the age of unsealed audit events couldn’t be read')
        gauge.set(Number.NaN)
      }
    },
  })
}
