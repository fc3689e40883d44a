// A mark on a device that an account has signed in on: from there a flood of guesses from elsewhere can’t lock its owner out.
// It grants nothing but that, and ends with the password that it was given for.
import { createHmac, timingSafeEqual } from 'node:crypto'
import type { PlatformKeys } from '../../platform/keys.ts'

/** `<platform key>.<HMAC of account and password hash>`, which tells nobody whose it is. */
export type KnownDevice = string

export interface MarkedAccount {
  readonly userId: string
  readonly passwordHash: string
}

type Keys = Pick<PlatformKeys, 'derive' | 'currentId'>

const macOf = (keys: Keys, { userId, passwordHash }: MarkedAccount): Buffer =>
  createHmac('sha256', keys.derive('known-device')).update(`${userId} ${passwordHash}`).digest()

const encode = (text: string): string => Buffer.from(text).toString('base64url')

export const deviceOf = (keys: Keys, account: MarkedAccount): KnownDevice =>
  `${encode(keys.currentId)}.${macOf(keys, account).toString('base64url')}`

/** Whether the account has signed in on the device that sends this, with the password that it has. */
export function isKnownDevice(
  keys: Keys,
  account: MarkedAccount | undefined,
  device: KnownDevice | undefined,
): boolean {
  const [keyId, mac] = (device ?? '').split('.')
  if (account === undefined || mac === undefined || keyId !== encode(keys.currentId)) return false
  const given = Buffer.from(mac, 'base64url')
  const own = macOf(keys, account)
  return given.length === own.length && timingSafeEqual(given, own)
}
