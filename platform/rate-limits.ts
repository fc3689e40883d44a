// How often things may be asked for. Counted in Redis over all processes, and in memory while Redis is away, so that the
// limits of sign-in hold then, too; keys are hashed, because an address of a person is nobody’s business there.
import { createHmac } from 'node:crypto'
import type { Redis } from 'ioredis'
import { RateLimiterMemory, RateLimiterRedis, RateLimiterRes } from 'rate-limiter-flexible'
import type { PlatformKeys } from './keys.ts'

const minute = 60
const quarter = 15 * minute
const hour = 60 * minute

/** Requests in a window of seconds, by what is counted. An address of version 6 stands for its /64. */
export const rateLimits = {
  /** Sign-ins that fail, of one account from one address. */
  'login-account': { quota: 10, windowSeconds: quarter },
  /** Sign-ins that fail, from one address. */
  'login-address': { quota: 100, windowSeconds: hour },
  /** Sign-ins that fail, of one account, from devices that it never signed in on. */
  'login-new-device': { quota: 100, windowSeconds: hour },
  /** One-time codes of one account at sign-in that are wrong. */
  'login-code': { quota: 10, windowSeconds: quarter },
  /** By address. */
  register: { quota: 600, windowSeconds: hour },
  refresh: { quota: 600, windowSeconds: minute },
  'password-forgot': { quota: 60, windowSeconds: hour },
  'password-reset': { quota: 100, windowSeconds: hour },
  oidc: { quota: 120, windowSeconds: quarter },
  /** By account. */
  'password-mail': { quota: 5, windowSeconds: hour },
  'password-change': { quota: 10, windowSeconds: quarter },
  'second-factor': { quota: 10, windowSeconds: quarter },
  'api-keys': { quota: 600, windowSeconds: hour },
  turns: { quota: 600, windowSeconds: minute },
  searches: { quota: 600, windowSeconds: minute },
  uploads: { quota: 600, windowSeconds: minute },
  executions: { quota: 600, windowSeconds: minute },
} as const satisfies Readonly<Record<string, { readonly quota: number; readonly windowSeconds: number }>>

export type RateLimitName = keyof typeof rateLimits

/** Where one counter stands. */
export interface RateLimitState {
  readonly name: RateLimitName
  readonly quota: number
  readonly windowSeconds: number
  readonly remaining: number
  /** Until the window ends. */
  readonly resetSeconds: number
  readonly isExceeded: boolean
}

export interface RateLimitsOptions {
  /** Undefined where one process serves everybody. */
  readonly redis: Redis | undefined
  readonly keys: Pick<PlatformKeys, 'derive'>
  /** What every quota is multiplied by. */
  readonly factor: number
}

export type RateLimits = ReturnType<typeof createRateLimits>

type Limiter = Pick<RateLimiterMemory, 'consume' | 'reward'>

export function createRateLimits({ redis, keys, factor }: RateLimitsOptions) {
  const secret = keys.derive('rate-limit')
  const limiters = new Map<RateLimitName, Limiter>()
  const quotaOf = (name: RateLimitName): number => Math.max(1, Math.floor(rateLimits[name].quota * factor))
  const make = (name: RateLimitName): Limiter => {
    const options = { keyPrefix: `cdsa:limit:${name}`, points: quotaOf(name), duration: rateLimits[name].windowSeconds }
    const memory = new RateLimiterMemory(options)
    if (redis === undefined) return memory
    return new RateLimiterRedis({
      ...options,
      storeClient: redis,
      insuranceLimiter: memory,
      rejectIfRedisNotReady: true,
    })
  }
  const limiterOf = (name: RateLimitName): Limiter => {
    const limiter = limiters.get(name) ?? make(name)
    limiters.set(name, limiter)
    return limiter
  }
  const keyOf = (name: RateLimitName, subject: string): string =>
    createHmac('sha256', secret).update(`${name}\0${subject}`).digest('base64url').slice(0, 22)

  return {
    /** Counts one request of `subject`. Never rejects because of Redis. */
    async consume(name: RateLimitName, subject: string): Promise<RateLimitState> {
      const { windowSeconds } = rateLimits[name]
      const result = await limiterOf(name)
        .consume(keyOf(name, subject))
        .catch((refused: unknown) => {
          if (refused instanceof RateLimiterRes) return refused
          throw refused
        })
      const quota = quotaOf(name)
      return {
        name,
        quota,
        windowSeconds,
        remaining: Math.max(0, quota - result.consumedPoints),
        resetSeconds: Math.max(1, Math.ceil(result.msBeforeNext / 1_000)),
        isExceeded: result.consumedPoints > quota,
      }
    },

    /** Takes back what `consume` has counted. */
    async giveBack(name: RateLimitName, subject: string): Promise<void> {
      await limiterOf(name).reward(keyOf(name, subject))
    },
  }
}
