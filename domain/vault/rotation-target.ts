// Where a rotation goes, and when a policy's next one is due: pure rules over what is stored.
import { originOf } from './origin.ts'
import type { RotationTarget } from './rotation.ts'

/** What a referred secret must list among its destinations; undefined for `random`, which goes nowhere. */
export function targetOrigin(target: RotationTarget): string | undefined {
  if (target.rotator === 'random') return undefined
  if (target.rotator === 'webhook') return originOf(target.config.url)
  const { host, port, tls } = target.config
  const scheme = target.rotator === 'postgres' ? 'postgres' : tls ? 'rediss' : 'redis'
  return originOf(`${scheme}://${host.includes(':') ? `[${host}]` : host}:${port}`)
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
