// Password hashing: bcrypt over a peppered HMAC. bcrypt ignores what follows byte 72, so it gets base64 of 48 bytes
// instead of the password itself; the pepper comes from the platform key, so a stolen table alone can't be guessed at.
import { createHmac, randomBytes } from 'node:crypto'
import { dictionary } from '@zxcvbn-ts/language-common'
import bcrypt from 'bcrypt'
import pLimit from 'p-limit'
import { minPasswordLength } from '../domain/auth/user.ts'
import { AppError } from '../domain/errors.ts'
import type { PlatformKeys } from './keys.ts'

/** bcrypt runs on libuv's pool of four threads; half of them stay free for files and name lookups. */
const maxRunning = 2
const maxWaiting = 64
const busyRetryMs = 2_000

export interface PasswordHash {
  readonly hash: string
  /** The id of the platform key that the pepper was derived from. */
  readonly pepperId: string
}

export interface Verification {
  readonly valid: boolean
  /** Valid, but hashed at another cost or with an older pepper: hash again and store. */
  readonly needsRehash: boolean
}

export type Passwords = ReturnType<typeof createPasswords>

/** Of the list's passwords only those that pass the length rule can be asked for. */
const common = new Set(dictionary['passwords-common'].filter((password) => password.length >= minPasswordLength))

/** True for a password on the lists that guessing starts with (NIST SP 800-63B 3.1.1.2), whatever its case. */
export function isCommonPassword(password: string): boolean {
  return common.has(password.normalize('NFC').toLowerCase())
}

/** A well-formed hash that no password is known for: comparing with it takes as long as with a real one. */
function dummyHash(cost: number): string {
  return bcrypt.genSaltSync(cost) + randomBytes(24).toString('hex').slice(0, 31)
}

/** `cost` is bcrypt's binary logarithm of rounds. */
export function createPasswords({ keys, cost }: { readonly keys: PlatformKeys; readonly cost: number }) {
  const limit = pLimit(maxRunning)
  const nobody: PasswordHash = { hash: dummyHash(cost), pepperId: keys.currentId }

  function run<T>(work: () => Promise<T>): Promise<T> {
    if (limit.activeCount + limit.pendingCount >= maxRunning + maxWaiting)
      throw new AppError('auth.busy', { retryAfterMs: busyRetryMs })
    return limit(work)
  }

  const pepper = (password: string, pepperId: string): string =>
    createHmac('sha384', keys.derive('password-pepper', pepperId)).update(password.normalize('NFC')).digest('base64')

  return {
    /** Throws `auth.busy` when too many hashes are waiting. */
    async hash(password: string): Promise<PasswordHash> {
      const pepperId = keys.currentId
      const hash = await run(() => bcrypt.hash(pepper(password, pepperId), cost))
      return { hash, pepperId }
    },

    /**
     * `stored` is undefined for an unknown user: a dummy of the same cost is compared, so that the answer takes as long.
     * Throws `auth.busy` when too many hashes are waiting.
     */
    async verify(password: string, stored: PasswordHash | undefined): Promise<Verification> {
      const { hash, pepperId } = stored ?? nobody
      const matches = await run(() => bcrypt.compare(pepper(password, pepperId), hash))
      const valid = stored !== undefined && matches
      const current = pepperId === keys.currentId && bcrypt.getRounds(hash) === cost
      return { valid, needsRehash: valid && !current }
    },
  }
}
