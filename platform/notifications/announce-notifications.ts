// Tells the streams of these users that there is something new. A hint only: the rows say what it is.
import type { Platform } from '../platform.ts'
import { notificationChannel } from '../stream/bus.ts'

/** To be called after the commit. Never rejects: whoever misses the hint sees the rows at the next look. */
export async function announceNotifications(
  { bus, log }: Pick<Platform, 'bus' | 'log'>,
  userIds: readonly string[],
): Promise<void> {
  const announced = userIds.map((userId) => bus.publish(notificationChannel(userId), { userId }))
  const failed = (await Promise.allSettled(announced)).find((result) => result.status === 'rejected')
  if (failed === undefined) return
  log.warn(
    { err: failed.reason as unknown },
    'notifications weren’t announced; their streams see them at the next look',
  )
}
