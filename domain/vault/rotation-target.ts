// Where a rotation goes, and when a policy's next one is due: pure rules over what is stored.
import type { RotationTarget } from './rotation-policy.ts'

/** The address that a rotation talks to, as a URL; undefined for `random`, which goes nowhere. */
export function targetAddress(target: RotationTarget): string | undefined {
  if (target.rotator === 'random') return undefined
  if (target.rotator === 'webhook') return target.config.url
  const { host, port, tls } = target.config
  const scheme = target.rotator === 'postgres' ? 'postgres' : tls ? 'rediss' : 'redis'
  return `${scheme}://${host.includes(':') ? `[${host}]` : host}:${port}`
}

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
