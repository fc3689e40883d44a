// What a rotation's turn leaves behind in its transaction: an event of the audit log and a notification of those who run
// secrets. One place, so that no step forgets one of them.
import type { AuditAction } from '../../domain/audit/event.ts'
import type { NotificationContent } from '../../domain/notifications/notification.ts'
import type { RotatedSecret } from '../../domain/notifications/rotation-notifications.ts'
import { appendAuditEvent } from '../audit/events.ts'
import type { Db } from '../database.ts'
import { createNotifications } from '../notifications/notifications.ts'
import type { StoredRotation } from './rotations.ts'
import { getSecret } from './secrets.ts'

export interface RotationEvent {
  readonly action: AuditAction
  /** Of a failure. */
  readonly reason?: string | undefined
  readonly version: number | null
  readonly workflowId?: string | undefined
  readonly runId?: string | undefined
  readonly notify?: (secret: RotatedSecret) => NotificationContent
}

/** Resolves to who is notified: announce it after the commit. Call it last in the transaction. */
export async function tellOfRotation(tx: Db, rotation: StoredRotation, event: RotationEvent): Promise<string[]> {
  const { action, reason, version, workflowId, runId, notify } = event
  const { id: rotationId, secretId, trigger, target } = rotation
  await appendAuditEvent(tx, {
    action,
    outcome: reason === undefined ? 'success' : 'failure',
    actor: { type: 'system' },
    resource: { type: 'secret', id: secretId, ...(version === null ? {} : { version }) },
    ...(reason === undefined ? {} : { reason }),
    workflowId,
    runId,
    details: { rotationId, trigger, rotator: target.rotator },
  })
  if (notify === undefined) return []
  const { path } = await getSecret(tx, secretId)
  return createNotifications(tx, { ...notify({ secretId, path, rotationId, version }), permission: 'secret:write' })
}
