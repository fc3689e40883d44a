// Refresh tokens: 256 random bits, of which the database keeps a hash. The one that follows is derived from the one before,
// so that two tabs that refresh at once are given the same, although nothing that grants anything is stored.
import { createHash, createHmac, randomBytes } from 'node:crypto'
import type { PlatformKeys } from './keys.ts'

const tokenBytes = 32
const form = /^[A-Za-z0-9_-]{43}$/

/** As the database keeps it. */
export const hashOfRefreshToken = (token: string): Buffer => createHash('sha256').update(token).digest()

export const isRefreshToken = (token: string): boolean => form.test(token)

export type RefreshTokens = ReturnType<typeof createRefreshTokens>

export function createRefreshTokens(keys: Pick<PlatformKeys, 'currentId' | 'derive'>) {
  return {
    /** The platform key that successors are derived with now. */
    keyId: keys.currentId,
    /** The first of a family. */
    first: (): string => randomBytes(tokenBytes).toString('base64url'),
    /** Throws `internal` when the platform key isn’t there any more. */
    successor: (token: string, keyId: string): string =>
      createHmac('sha256', keys.derive('refresh', keyId)).update(token).digest('base64url'),
  }
}
