// What the provider says about itself: asked for at the first sign-in, so that its outage keeps no platform from starting,
// kept for an hour, and asked for again after anything that it may have caused.
import type { Configuration } from 'openid-client'

export interface ProviderMetadata {
  /** Concurrent callers share one request. A failure isn't kept. */
  get(): Promise<Configuration>
  /** The next `get` asks again. */
  forget(): void
}

const keptMs = 60 * 60_000

export function keepMetadata(discover: () => Promise<Configuration>, now: () => number = Date.now): ProviderMetadata {
  let kept: { readonly configuration: Promise<Configuration>; readonly until: number } | undefined
  return {
    get: () => {
      if (kept !== undefined && now() < kept.until) return kept.configuration
      const asked = { configuration: discover(), until: now() + keptMs }
      kept = asked
      asked.configuration.catch(() => {
        if (kept === asked) kept = undefined
      })
      return asked.configuration
    },
    forget: () => {
      kept = undefined
    },
  }
}
