// What is told of the vault's keys, to those who keep secrets there.
import type { NotificationContent } from './notification.ts'

export const keyRotatedNotification = ({ id }: { readonly id: string }): NotificationContent => ({
  kind: 'key.rotated',
  title: 'The vault has a new key',
  body: 'New values are sealed under it. Rewrap the keys to bring the older ones under it too, and back it up.',
  data: { keyId: id },
  dedupeKey: `key:${id}:rotated`,
})
