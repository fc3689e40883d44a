// One recipient's notifications in the order in which they became visible, which ids and times don't promise: who makes
// an id early may commit late. Invariant: the counter is locked from the taking of a number to the commit, so whoever
// sees number n sees every lower one that there will ever be. “Above the last that I saw” therefore misses nothing.
import type { Notification } from '../../domain/notifications/notification.ts'
import type { Db } from '../database.ts'
import { type NotificationRow, notificationColumns, toNotification } from './notifications.ts'

/** A notification with its number in its recipient's order. Numbers rise; some may be missing. */
export interface FeedEntry {
  readonly sequence: number
  readonly notification: Notification
}

const toEntry = (row: NotificationRow): FeedEntry => ({ sequence: row.sequence, notification: toNotification(row) })

/** The highest number that the user has been given; 0 before the first. */
export async function findLastSequence(db: Db, userId: string): Promise<number> {
  const [row] = await db.query<{ last: number }>('select last from notification_sequences where user_id = $1', [userId])
  return row?.last ?? 0
}

/** What is above a number, read or not, in order. */
export async function listNotificationsAfter(
  db: Db,
  userId: string,
  { after, limit }: { readonly after: number; readonly limit: number },
): Promise<FeedEntry[]> {
  const rows = await db.query<NotificationRow>(
    `select ${notificationColumns} from notifications n
     where n.user_id = $1 and n.sequence > $2 order by n.sequence limit $3`,
    [userId, after, limit],
  )
  return rows.map(toEntry)
}

/** The newest that are unread, up to a number, in order. */
export async function listUnreadNotifications(
  db: Db,
  userId: string,
  { upTo, limit }: { readonly upTo: number; readonly limit: number },
): Promise<FeedEntry[]> {
  const rows = await db.query<NotificationRow>(
    `select ${notificationColumns} from notifications n
     where n.user_id = $1 and n.read_at is null and n.sequence <= $2 order by n.sequence desc limit $3`,
    [userId, upTo, limit],
  )
  return rows.map(toEntry).toReversed()
}
