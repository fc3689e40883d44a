// Batches of the rewrap. Each is a transaction, which holds the current key and the batch's rows: values put meanwhile are
// sealed under the current key anyway, and what is destroyed meanwhile is left alone.
import { Context } from '@temporalio/activity'
import { countStaleVersions } from '../../db/vault/keys.ts'
import { storeRewrapped, takeStaleVersions } from '../../db/vault/rewrap.ts'
import type { Platform } from '../../platform/platform.ts'

const batchSize = 100
/** So that the workflow's history says now and then how far it is. */
const batchesAtOnce = 50

/** Resolves to how many versions are left, those included that somebody else held. */
export const createRewrapVersions =
  ({ db, vault }: Pick<Platform, 'db' | 'vault'>) =>
  async (): Promise<number> => {
    const { cancellationSignal } = Context.current()
    await vault.requireOpen()
    for (let batch = 0; batch < batchesAtOnce; batch += 1) {
      cancellationSignal.throwIfAborted()
      const taken = await db.transaction(async (tx) => {
        const rows = await takeStaleVersions(tx, batchSize)
        if (rows.length > 0) await storeRewrapped(tx, await vault.rewrap(tx, rows))
        return rows.length
      })
      if (taken < batchSize) break
    }
    return countStaleVersions(db)
  }
