// Where a rotation goes, and when a policy's next one is due: pure rules over what is stored.
import { type TokenTimes, publicationSeconds } from '../auth/token-times.ts'
import type { RotationTarget } from './rotation-policy.ts'

/** The address that a rotation talks to, as a URL; undefined for those that go nowhere. */
export function targetAddress(target: RotationTarget): string | undefined {
  if (target.rotator === 'random' || target.rotator === 'jwt-signing-key') return undefined
  if (target.rotator === 'webhook') return target.config.url
  const { host, port, tls } = target.config
  const scheme = target.rotator === 'postgres' ? 'postgres' : tls ? 'rediss' : 'redis'
  return `${scheme}://${host.includes(':') ? `[${host}]` : host}:${port}`
}

/** How long a step may try. Of the platform's own key each step may have to wait for all copies of the JWKS to be new. */
export const targetTimeoutMs = (
  rotator: RotationTarget['rotator'],
  { rotationTimeoutMs, tokenTimes }: { readonly rotationTimeoutMs: number; readonly tokenTimes: TokenTimes },
): number => rotationTimeoutMs + (rotator === 'jwt-signing-key' ? publicationSeconds(tokenTimes) * 1_000 : 0)

export interface RotationInterval {
  readonly anchoredAt: Date
  readonly everySeconds: number
}

/** The first time after `now` that is a whole number of intervals after the anchor. */
export function nextRotationAt({ anchoredAt, everySeconds }: RotationInterval, now: Date): Date {
  const everyMs = everySeconds * 1_000
  const since = Math.max(0, now.getTime() - anchoredAt.getTime())
  return new Date(anchoredAt.getTime() + (Math.floor(since / everyMs) + 1) * everyMs)
}
