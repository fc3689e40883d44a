// The times that access tokens and the keys under them go by. What a key must wait for before it signs, and before it
// goes, follows from two numbers, so that no two places can count it differently.

export interface TokenTimes {
  /** How long an access token is good; nothing else that these keys sign lives longer. */
  readonly accessTokenSeconds: number
  /** How long a client may keep the JWKS. */
  readonly jwksMaxAgeSeconds: number
}

export const defaultTokenTimes: TokenTimes = { accessTokenSeconds: 600, jwksMaxAgeSeconds: 300 }

/** By how much the clocks of two instances may differ. */
const clockSkewSeconds = 10
const longestReloadSeconds = 30

/** How long another instance's new or retired key may go unnoticed by one. */
export const reloadSeconds = ({ jwksMaxAgeSeconds }: TokenTimes): number =>
  Math.min(longestReloadSeconds, jwksMaxAgeSeconds)

/** From a key's publication until every set that a client may still keep has it: an instance may have served an old one. */
export const publicationSeconds = (times: TokenTimes): number => times.jwksMaxAgeSeconds + reloadSeconds(times)

/** The least grace of a key: from the end of its signing until its last token has expired by every clock. */
export const leastGraceSeconds = ({ accessTokenSeconds }: TokenTimes): number => accessTokenSeconds + clockSkewSeconds

/** From the moment at which a new key is to sign until the one before may go: an instance may learn of that moment late. */
export const retirementSeconds = (times: TokenTimes): number => leastGraceSeconds(times) + reloadSeconds(times)
