// Second factors by one-time codes (TOTP, RFC 6238: SHA-1, six digits, thirty seconds), as every authenticator app knows
// them, and the recovery codes beside them. Whether a code was used before only the database can tell.
import { createHash, randomBytes } from 'node:crypto'
import { generateSecret, generateURI, verifySync } from 'otplib'
import type { PlatformKeys } from '../keys.ts'

const periodSeconds = 30
const issuer = 'CDSA'
const recoveryCodeCount = 10
/** 80 bits: nobody tries them out, so a fast hash keeps them. */
const recoveryCodeBytes = 10
const purpose = 'totp'

export interface SealedSecret {
  readonly sealedSecret: Buffer
  readonly platformKeyId: string
}

export interface Moment {
  /** Base32. */
  readonly secret: string | Uint8Array
  readonly code: string
  /** Since 1970. */
  readonly seconds: number
  readonly digits?: 6 | 8
}

/** The time step of a code, which is this one, the one before or the next (RFC 6238 5.2); undefined for a wrong code. */
export function stepOfCode({ secret, code, seconds, digits = 6 }: Moment): number | undefined {
  if (code.length !== digits || !/^\d+$/.test(code)) return undefined
  const options = { period: periodSeconds, epochTolerance: periodSeconds, algorithm: 'sha1', digits } as const
  const result = verifySync({ ...options, strategy: 'totp', secret, token: code, epoch: seconds })
  return result.valid && 'timeStep' in result ? result.timeStep : undefined
}

/** As people type them, and as apps show them. */
const plain = (code: string): string => code.replaceAll(/[\s-]/g, '').toLowerCase()

/** As the database keeps it. */
export const hashOfRecoveryCode = (code: string): Buffer => createHash('sha256').update(plain(code)).digest()

const makeRecoveryCode = (): string =>
  randomBytes(recoveryCodeBytes)
    .toString('hex')
    .replaceAll(/.{5}(?!$)/g, '$&-')

export type OneTimeCodes = ReturnType<typeof createOneTimeCodes>

/** `now` is in milliseconds since 1970. */
export function createOneTimeCodes({
  keys,
  now = Date.now,
}: {
  readonly keys: Pick<PlatformKeys, 'seal' | 'open'>
  readonly now?: () => number
}) {
  return {
    /** A secret of 160 bits, in base32 and as the database keeps it. */
    newSecret(): SealedSecret & { readonly secret: string } {
      const secret = generateSecret({ length: 20 })
      const { keyId: platformKeyId, sealed: sealedSecret } = keys.seal(purpose, Buffer.from(secret))
      return { secret, sealedSecret, platformKeyId }
    },

    /** What a QR code for an authenticator app holds. */
    urlOf: (secret: string, label: string): string => generateURI({ issuer, label, secret }),

    /** The time step of a code, undefined for a wrong one. Throws `internal` when the platform key isn’t there any more. */
    stepOf({ sealedSecret, platformKeyId }: SealedSecret, code: string): number | undefined {
      const secret = keys.open(purpose, platformKeyId, sealedSecret).toString()
      return stepOfCode({ secret, code: plain(code), seconds: Math.floor(now() / 1_000) })
    },

    /** To be shown once. */
    newRecoveryCodes: (): string[] => Array.from({ length: recoveryCodeCount }, makeRecoveryCode),
  }
}
