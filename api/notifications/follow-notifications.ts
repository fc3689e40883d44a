// The stream of one user's notifications: first those that are unread, or all after `Last-Event-ID`; then each as it
// comes. Rows alone say what there is; the bus only says when to look.
import {
  type FeedEntry,
  findLastSequence,
  listNotificationsAfter,
  listUnreadNotifications,
} from '../../db/notifications/notification-feed.ts'
import { AppError } from '../../domain/errors.ts'
import { formatEventId, parseEventId } from '../../domain/event-id.ts'
import type { Context } from '../../platform/platform.ts'
import { notificationChannel } from '../../platform/stream/bus.ts'
import { createLatch } from '../../platform/stream/latch.ts'
import type { ServerSentEvent } from '../http/route.ts'

type Follower = Pick<Context, 'db' | 'bus' | 'actors' | 'actor' | 'signal'>

/** The bus may lose a hint: rows are looked for at least this often. */
const lookMs = 5_000
const pageSize = 100
/** All ids have it: a recipient's numbers are one rising row. */
const epoch = 1

const toEvent = ({ sequence, notification }: FeedEntry): ServerSentEvent => ({
  id: formatEventId({ epoch, sequence }),
  event: 'notification.created',
  data: notification,
})

/** Throws `request.malformed` for a `Last-Event-ID` that no stream has sent. */
export function followNotifications(
  context: Follower,
  lastEventId: string | undefined,
): AsyncIterable<ServerSentEvent> {
  const after = lastEventId === undefined ? undefined : parseEventId(lastEventId)
  if (lastEventId !== undefined && after?.epoch !== epoch)
    throw new AppError('request.malformed', { detail: 'Last-Event-ID isn’t the id of a notification’s event.' })
  return notificationEvents(context, after?.sequence)
}

async function* notificationEvents(
  { db, bus, actors, actor, signal }: Follower,
  lastSeen: number | undefined,
): AsyncGenerator<ServerSentEvent> {
  const latch = createLatch()
  const unsubscribe = await bus.subscribe(notificationChannel(actor.userId), latch.wake)
  signal.addEventListener('abort', latch.wake)
  try {
    const given = await findLastSequence(db, actor.userId)
    // An id above what was given is of another history, such as before a restore: the client starts anew.
    const resumes = lastSeen !== undefined && lastSeen <= given
    const limits = { upTo: given, limit: pageSize }
    let entries = resumes ? [] : await listUnreadNotifications(db, actor.userId, limits)
    let last = resumes ? lastSeen : given
    while (!signal.aborted) {
      for (const entry of entries) yield toEvent(entry)
      // What comes after the end of a session isn’t told, however soon.
      if ((await actors.again(actor))?.permissions.has('notification:read') !== true) return
      entries = await listNotificationsAfter(db, actor.userId, { after: last, limit: pageSize })
      last = entries.at(-1)?.sequence ?? last
      if (entries.length === 0 && !signal.aborted) await latch.wait(lookMs)
    }
  } finally {
    signal.removeEventListener('abort', latch.wake)
    await unsubscribe()
  }
}
