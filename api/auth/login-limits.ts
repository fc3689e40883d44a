// How often a sign-in may fail. No account is ever locked: who guesses, from the owner’s own network or from everywhere, uses up
// what strangers have. A device that the owner has signed in on has a counter of its own.
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
  // Of the cookie’s text nothing is counted by: one mark can be spelled in many ways.
  const counters: readonly (readonly [RateLimitName, string])[] = isKnownDevice(keys, account, cookie(deviceCookie))
    ? [['login-account', `${email} on a known device`]]
    : [
        ['login-account', `${email} ${prefix}`],
        ['login-address', prefix],
        ['login-new-device', email],
      ]
  for (const [name, subject] of counters) await limits.consume(name, subject)
  return async () => {
    for (const [name, subject] of counters) await limits.giveBack(name, subject)
  }
}
