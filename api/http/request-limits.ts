// The limits of one request: counted, told in the headers of draft-ietf-httpapi-ratelimit-headers (revision 11), refused.
import type { Response } from 'express'
import { AppError } from '../../domain/errors.ts'
import type { RequestLimits } from '../../platform/platform.ts'
import type { RateLimits, RateLimitState } from '../../platform/rate-limits.ts'

const policyOf = ({ name, quota, windowSeconds }: RateLimitState): string => `"${name}";q=${quota};w=${windowSeconds}`
const stateOf = ({ name, remaining, resetSeconds }: RateLimitState): string =>
  `"${name}";r=${remaining};t=${resetSeconds}`

/** Each limit that is asked for stands in the response’s headers, whatever the answer will be. */
export function createRequestLimits(limits: RateLimits, response: Response): RequestLimits {
  const states: RateLimitState[] = []
  return {
    consume: async (name, subject) => {
      const state = await limits.consume(name, subject)
      states.push(state)
      response.setHeader('RateLimit-Policy', states.map(policyOf).join(', '))
      response.setHeader('RateLimit', states.map(stateOf).join(', '))
      if (state.isExceeded) {
        throw new AppError('request.limited', {
          detail: `No more than ${state.quota} in ${state.windowSeconds} seconds. Come again in ${state.resetSeconds} seconds.`,
          retryAfterMs: state.resetSeconds * 1_000,
        })
      }
    },
    giveBack: (name, subject) => limits.giveBack(name, subject),
  }
}
