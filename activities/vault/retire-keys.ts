// The end of a rewrap: old keys under which nothing is left may be taken away from now on.
import { Context } from '@temporalio/activity'
import { appendAuditEvent } from '../../db/audit/events.ts'
import { countStaleVersions, retireVaultKeys } from '../../db/vault/keys.ts'
import type { Platform } from '../../platform/platform.ts'

/** Resolves to how many versions are under an old key all the same: not 0 when a key was exchanged meanwhile. */
export const createRetireKeys =
  ({ db }: Pick<Platform, 'db'>) =>
  async ({ requestedBy }: { readonly requestedBy: string }): Promise<number> =>
    db.transaction(async (tx) => {
      const { workflowId, runId } = Context.current().info.workflowExecution ?? {}
      for (const id of await retireVaultKeys(tx)) {
        await appendAuditEvent(tx, {
          action: 'key.retire',
          outcome: 'success',
          actor: { type: 'system' },
          onBehalfOf: requestedBy,
          resource: { type: 'key', id },
          ...(workflowId === undefined ? {} : { workflowId }),
          ...(runId === undefined ? {} : { runId }),
        })
      }
      return countStaleVersions(tx)
    })
