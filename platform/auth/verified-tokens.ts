// Access tokens whose signatures were checked: a client sends the same one hundreds of times, and checking it costs more than
// everything else that is done to know who asks. What can change is asked anew each time: the time, the key, the session.

export interface VerifiedToken {
  readonly userId: string
  readonly sessionId: string
  readonly keyId: string
  /** `exp`, in milliseconds. */
  readonly expiresAt: number
}

/** Some ten megabytes. */
const maxTokens = 10_000

export function createVerifiedTokens({ now = Date.now }: { readonly now?: () => number } = {}) {
  const tokens = new Map<string, VerifiedToken>()
  return {
    /** Undefined for one that wasn’t checked, or has expired meanwhile. */
    find(token: string): VerifiedToken | undefined {
      const known = tokens.get(token)
      if (known === undefined || known.expiresAt > now()) return known
      tokens.delete(token)
      return undefined
    },
    keep(token: string, verified: VerifiedToken): void {
      const [oldest] = tokens.keys()
      if (tokens.size >= maxTokens && oldest !== undefined) tokens.delete(oldest)
      tokens.set(token, verified)
    },
  }
}
