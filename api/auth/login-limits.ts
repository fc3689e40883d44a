// How often a sign-in may fail. No account is ever locked: who guesses from many places uses up what strangers have for the
// account, not what its owner’s own devices have.
import type { PublicContext } from '../../platform/platform.ts'
import type { RateLimitName } from '../../platform/rate-limits.ts'
import { addressPrefix } from '../audit/address-prefix.ts'
import { deviceCookie } from '../http/cookies.ts'
import { type MarkedAccount, isKnownDevice } from './known-device.ts'

export interface Attempt {
  /** Whatever it may be: an address without an account is counted like one that has one. */
  readonly email: string
  readonly account: MarkedAccount | undefined
}

type Limited = Pick<PublicContext, 'limits' | 'ip' | 'keys' | 'cookie'>

/**
 * Counts an attempt before its password is looked at. Resolves to what takes it back, for one that has succeeded. Throws
 * `request.limited`.
 */
export async function countAttempt(
  { limits, ip, keys, cookie }: Limited,
  { email, account }: Attempt,
): Promise<() => Promise<void>> {
  const prefix = addressPrefix(ip)
  const isStranger = !isKnownDevice(keys, account, cookie(deviceCookie))
  const counters: readonly (readonly [RateLimitName, string])[] = [
    ['login-account', `${email} ${prefix}`],
    ['login-address', prefix],
    ...(isStranger ? [['login-new-device', email] as const] : []),
  ]
  for (const [name, subject] of counters) await limits.consume(name, subject)
  return async () => {
    for (const [name, subject] of counters) await limits.giveBack(name, subject)
  }
}
