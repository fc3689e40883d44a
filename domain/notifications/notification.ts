// Notifications as their recipients see them, the kinds that there are, and what may be asked of them.
import { z } from 'zod'
import { id, offsetQuery, timestamp } from '../resource.ts'

/** What is raised: noun.verb. A kind is part of the REST contract: add, never rename. */
export type NotificationKind =
  | 'approval.requested'
  | 'approval.decided'
  | 'approval.escalated'
  | 'approval.expiring'
  | 'approval.expired'
  | 'tool.failed'
  | 'document.indexed'
  | 'document.failed'
  | 'secret.rotated'
  | 'secret.rotation_failed'
  | 'secret.rotation_in_doubt'
  | 'secret.expiring'
  | 'key.rotated'

/** Ids and figures of what it is about: enough to link there, never its content. */
export type NotificationData = Readonly<Record<string, string | number | boolean | null>>

export interface NotificationContent {
  readonly kind: NotificationKind
  /** One line. */
  readonly title: string
  readonly body: string
  readonly data: NotificationData
  /** Names the cause: the same key again makes no second notification of the same recipient. */
  readonly dedupeKey: string
}

export const notificationSchema = z
  .object({
    id,
    // A client must stand a kind that it doesn’t know: a newer release may have made the row.
    kind: z.string().describe('noun.verb, such as document.indexed'),
    title: z.string(),
    body: z.string(),
    data: z
      .record(z.string(), z.union([z.string(), z.number(), z.boolean(), z.null()]))
      .describe('Ids and figures of what it is about'),
    read: z.boolean(),
    createdAt: timestamp,
  })
  .meta({ id: 'Notification' })
export type Notification = z.infer<typeof notificationSchema>

export const listNotificationsQuerySchema = offsetQuery.extend({
  unread: z
    .enum(['true', 'false'])
    .transform((value) => value === 'true')
    .optional()
    .describe('Only the unread ones, or only the read ones'),
})
export type ListNotificationsQuery = z.infer<typeof listNotificationsQuerySchema>

export const patchNotificationSchema = z.strictObject({ read: z.boolean() })

export const unreadCountSchema = z.object({ unreadCount: z.int().nonnegative() })
