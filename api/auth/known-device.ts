// A mark on a device that an account has signed in on: from there a flood of guesses from elsewhere can’t lock its owner out.
// It grants nothing but that, so it holds for as long as the platform key.
import { createHmac, timingSafeEqual } from 'node:crypto'
import type { PlatformKeys } from '../../platform/keys.ts'

/** `<platform key>.<HMAC of the account>`, which tells nobody whose it is. */
export type KnownDevice = string

const macOf = (keys: Pick<PlatformKeys, 'derive'>, keyId: string, userId: string): Buffer =>
  createHmac('sha256', keys.derive('known-device', keyId)).update(userId).digest()

const encode = (text: string): string => Buffer.from(text).toString('base64url')

export const deviceOf = (keys: Pick<PlatformKeys, 'derive' | 'currentId'>, userId: string): KnownDevice =>
  `${encode(keys.currentId)}.${macOf(keys, keys.currentId, userId).toString('base64url')}`

/** Whether the account has signed in on the device that sends this. */
export function isKnownDevice(
  keys: Pick<PlatformKeys, 'derive' | 'currentId'>,
  userId: string | undefined,
  device: KnownDevice | undefined,
): boolean {
  const [keyId, mac] = (device ?? '').split('.')
  if (userId === undefined || mac === undefined || keyId !== encode(keys.currentId)) return false
  const given = Buffer.from(mac, 'base64url')
  const own = macOf(keys, keys.currentId, userId)
  return given.length === own.length && timingSafeEqual(given, own)
}
