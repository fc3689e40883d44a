// Marks notifications as read or unread, each change with its event in the audit log.
// What was as asked already is no change.
import { markAllNotifications, markNotification } from '../../db/notifications/notifications.ts'
import type { Notification } from '../../domain/notifications/notification.ts'
import type { Context } from '../../platform/platform.ts'
import { audited } from '../audit/audited.ts'

/** Throws `resource.not_found` also for somebody else’s. */
export async function markOne(
  context: Context,
  input: { readonly notificationId: string; readonly read: boolean },
): Promise<Notification> {
  const { notification } = await audited(
    context,
    (tx) => markNotification(tx, { userId: context.actor.userId, ...input }),
    ({ changed }) =>
      changed
        ? {
            action: 'notification.update',
            outcome: 'success',
            resource: { type: 'notification', id: input.notificationId },
            details: { read: input.read },
          }
        : undefined,
  )
  return notification
}

/** Resolves to how many were unread. */
export function markAll(context: Context): Promise<number> {
  return audited(
    context,
    (tx) => markAllNotifications(tx, context.actor.userId),
    (count) =>
      count > 0
        ? {
            action: 'notification.update',
            outcome: 'success',
            resource: { type: 'notification' },
            details: { count },
          }
        : undefined,
  )
}
