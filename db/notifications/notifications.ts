// Notifications: one row a recipient, who stands in every predicate. Rows are made in the transaction of their cause, so
// that there is neither a notification of what didn't happen nor a cause that nobody was told of.
import type { Permission } from '../../domain/auth/permission.ts'
import type {
  ListNotificationsQuery,
  Notification,
  NotificationContent,
} from '../../domain/notifications/notification.ts'
import { type Page, toPage } from '../../domain/resource.ts'
import { type Db, firstOrNotFound } from '../database.ts'
import { newId } from '../ids.ts'

export type Recipients =
  | { readonly userIds: readonly string[] }
  /** Every account that can sign in and whose roles grant it. */
  | { readonly permission: Permission }

export interface NotificationRow extends Omit<Notification, 'createdAt'> {
  readonly createdAt: Date
  readonly sequence: number
}

/** Of a row `n`. */
export const notificationColumns = `n.id, n.kind, n.title, n.body, n.data, n.read_at is not null as read,
  n.created_at as "createdAt", n.sequence`

export const toNotification = ({ sequence: _, ...row }: NotificationRow): Notification => ({
  ...row,
  createdAt: row.createdAt.toISOString(),
})

async function findRecipients(tx: Db, recipients: Recipients, dedupeKey: string): Promise<string[]> {
  const [who, wanted] =
    'userIds' in recipients
      ? ['u.id = any($1::uuid[])', recipients.userIds]
      : [
          `u.disabled_at is null and u.id in (select ur.user_id from role_permissions rp
             join user_roles ur on ur.role_id = rp.role_id where rp.permission = $1)`,
          recipients.permission,
        ]
  const rows = await tx.query<{ id: string }>(
    `select u.id from users u where ${who}
       and not exists (select 1 from notifications n where n.user_id = u.id and n.dedupe_key = $2)`,
    [wanted, dedupeKey],
  )
  return rows.map(({ id }) => id)
}

/**
 * Raises a notification in the transaction of its cause; resolves to who got one, for `announceNotifications` after the
 * commit. Whoever has one with the same `dedupeKey` gets no second.
 *
 * A recipient's counter stays locked from here to the commit (see notification-feed.ts): who else notifies the same
 * people waits. So call it last, and once a transaction: the counters are locked in one order within a call only.
 */
export async function createNotifications(tx: Db, input: NotificationContent & Recipients): Promise<string[]> {
  const userIds = await findRecipients(tx, input, input.dedupeKey)
  if (userIds.length === 0) return []
  const rows = await tx.query<{ userId: string }>(
    `with given as (select * from unnest($1::uuid[], $2::uuid[]) as g (user_id, id)),
       numbered as (
         insert into notification_sequences as s (user_id, last) select user_id, 1 from given order by user_id
         on conflict (user_id) do update set last = s.last + 1 returning s.user_id, s.last)
     insert into notifications (id, user_id, sequence, kind, title, body, data, dedupe_key)
     select g.id, g.user_id, s.last, $3, $4, $5, $6::jsonb, $7 from given g join numbered s on s.user_id = g.user_id
     on conflict (user_id, dedupe_key) do nothing returning user_id as "userId"`,
    [
      userIds,
      userIds.map(() => newId()),
      input.kind,
      input.title,
      input.body,
      JSON.stringify(input.data),
      input.dedupeKey,
    ],
  )
  return rows.map(({ userId }) => userId)
}

const filters = { all: '', unread: 'and n.read_at is null', read: 'and n.read_at is not null' }

/** A user's notifications, newest first; the cursor is the last one's number. */
export async function listNotifications(
  db: Db,
  userId: string,
  { limit, after, unread }: ListNotificationsQuery,
): Promise<Page<Notification>> {
  const filter = unread === undefined ? filters.all : unread ? filters.unread : filters.read
  const rows = await db.query<NotificationRow>(
    `select ${notificationColumns} from notifications n
     where n.user_id = $1 and n.sequence < coalesce($2::int, 2147483647) ${filter} order by n.sequence desc limit $3`,
    [userId, after ?? null, limit + 1],
  )
  const page = toPage(rows.map(toNotification), limit)
  return page.hasMore ? { ...page, nextCursor: String(rows[limit - 1]?.sequence ?? 0) } : page
}

export async function countUnreadNotifications(db: Db, userId: string): Promise<number> {
  const [row] = await db.query<{ count: number }>(
    'select count(*)::int as count from notifications n where n.user_id = $1 and n.read_at is null',
    [userId],
  )
  return row?.count ?? 0
}

interface NotificationAccess {
  readonly userId: string
  readonly notificationId: string
}

/** Marks one as read or unread. Throws `resource.not_found` also for somebody else's. */
export async function markNotification(
  db: Db,
  { userId, notificationId, read }: NotificationAccess & { readonly read: boolean },
): Promise<{ readonly notification: Notification; readonly changed: boolean }> {
  const changed = await db.query<NotificationRow>(
    `update notifications n set read_at = case when $3::boolean then clock_timestamp() end
     where n.user_id = $1 and n.id = $2 and (n.read_at is not null) <> $3::boolean returning ${notificationColumns}`,
    [userId, notificationId, read],
  )
  const [row] = changed
  if (row !== undefined) return { notification: toNotification(row), changed: true }
  const rows = await db.query<NotificationRow>(
    `select ${notificationColumns} from notifications n where n.user_id = $1 and n.id = $2`,
    [userId, notificationId],
  )
  return { notification: toNotification(firstOrNotFound(rows, 'notification')), changed: false }
}

/** Marks all of a user's as read; resolves to how many weren't. Rows are locked in one order, so that two calls can't deadlock. */
export async function markAllNotifications(db: Db, userId: string): Promise<number> {
  return db.execute(
    `update notifications set read_at = clock_timestamp() where id in (
       select id from notifications where user_id = $1 and read_at is null order by sequence desc for update)`,
    [userId],
  )
}

/** Read ones go so long after their reading; unread ones so long after they came, for some accounts never look. */
const readDays = 90
const unreadDays = 365
/** Bounds how long a purge holds its locks. */
const rowsPerPurge = 1_000

/** Deletes some of what is too old; resolves to the number of rows. Any number of workers may purge at once. */
export function purgeNotifications(db: Db): Promise<number> {
  return db.execute(
    `delete from notifications where id = any(array(
       select id from notifications where read_at < now() - interval '${readDays} days'
       order by read_at limit ${rowsPerPurge} for update skip locked))
     or id = any(array(
       select id from notifications where read_at is null and created_at < now() - interval '${unreadDays} days'
       order by created_at limit ${rowsPerPurge} for update skip locked))`,
  )
}
