// A new key for the vault, and the work that brings everything under it.
import { createNotifications } from '../../db/notifications/notifications.ts'
import { keyRotatedNotification } from '../../domain/notifications/key-notifications.ts'
import type { VaultStatus } from '../../domain/vault/secret.ts'
import { announceNotifications } from '../../platform/notifications/announce-notifications.ts'
import type { Context } from '../../platform/platform.ts'
import { startWorkflow } from '../../platform/temporal/start-workflow.ts'
import { rewrapKeysStart, rewrapWorkflowId } from '../../workflows/vault/messages.ts'
import { audited } from '../audit/audited.ts'

/** New values are sealed under the new key at once; the others stay readable. Throws `vault.key_unchanged`. */
export async function rotateKeys(context: Context): Promise<VaultStatus> {
  const { vault } = context
  const { notified } = await audited(
    context,
    async (tx) => {
      const key = await vault.rotateKey(tx)
      const content = { ...keyRotatedNotification(key), permission: 'secret:write' } as const
      return { ...key, notified: await createNotifications(tx, content) }
    },
    ({ id, kcv }) => ({ action: 'key.rotate', outcome: 'success', resource: { type: 'key', id }, details: { kcv } }),
  )
  await announceNotifications(context, notified)
  return vault.status()
}

/** How long the request waits for Temporal: this work has no row that a sweep could start later. */
const startDeadlineMs = 5_000

/** Starts the work, or finds it running. */
export async function rewrapKeys(context: Context): Promise<{ readonly workflowId: string }> {
  const { temporal, actor, vault } = context
  const { keyId, staleVersions } = await vault.status()
  await audited(
    context,
    () => Promise.resolve(),
    () => ({
      action: 'key.rewrap',
      outcome: 'success',
      resource: { type: 'key', id: keyId },
      workflowId: rewrapWorkflowId,
      details: { staleVersions },
    }),
  )
  const start = rewrapKeysStart({ requestedBy: actor.userId })
  await temporal.withDeadline(Date.now() + startDeadlineMs, () => startWorkflow(context, start))
  return { workflowId: rewrapWorkflowId }
}
