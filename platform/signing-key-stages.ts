// What the rotation of the platform's own signing key does to it, stage by stage. All times are the database's; what must
// wait says for how long, and is asked again then, so that a wait outlives the process that began it.
import { createPublicKey } from 'node:crypto'
import jwt from 'jsonwebtoken'
import type { Db } from '../db/database.ts'
import {
  createRotationKey,
  findSigningKey,
  publishRotationKey,
  retireSigningKeys,
  withdrawSigningKey,
} from '../db/auth/signing-key-stages.ts'
import { type TokenTimes, publicationSeconds, reloadSeconds, retirementSeconds } from '../domain/auth/token-times.ts'
import { AppError } from '../domain/errors.ts'
import type { PlatformKeys } from './keys.ts'
import { type SigningKeys, makeSigningKey, openPrivateKey } from './signing-keys.ts'

const notSigning =
  'The secret doesn’t name the key that signs. Remove its policy, put the kid from /.well-known/jwks.json, and put it again.'

/** No token that anybody accepts: it only shows that the published half fits the sealed one. */
const proof = { issuer: 'cdsa', audience: 'cdsa-rotation' } as const

export type SigningKeyStages = ReturnType<typeof createSigningKeyStages>

export interface StagesOptions {
  readonly db: Db
  readonly keys: PlatformKeys
  readonly signingKeys: Pick<SigningKeys, 'jwks' | 'publicKey'>
  readonly times: TokenTimes
}

function requireDue(detail: string, { sinceMs, afterSeconds }: { sinceMs: number; afterSeconds: number }): void {
  const leftMs = afterSeconds * 1_000 - sinceMs
  if (leftMs > 0) throw new AppError('rotation.not_due', { detail, retryAfterMs: Math.ceil(leftMs) + 1 })
}

/** Throws `rotation.test_failed` unless what the key signs can be checked with its part of the JWKS. */
async function requireVerifiable({ db, keys, signingKeys }: StagesOptions, kid: string): Promise<void> {
  const stored = await findSigningKey(db, kid)
  const jwk = (await signingKeys.jwks()).keys.find((key) => key.kid === kid)
  if (stored === undefined || jwk === undefined)
    throw new AppError('rotation.test_failed', { detail: 'The JWKS doesn’t hold the new key.' })
  const key = openPrivateKey(keys, stored)
  const token = jwt.sign({}, key, { ...proof, algorithm: 'ES256', keyid: kid, expiresIn: 60 })
  try {
    jwt.verify(token, createPublicKey({ key: { ...jwk }, format: 'jwk' }), { ...proof, algorithms: ['ES256'] })
  } catch {
    throw new AppError('rotation.test_failed', { detail: 'What the new key signs isn’t accepted by its public half.' })
  }
}

export function createSigningKeyStages(options: StagesOptions) {
  const { db, keys, signingKeys, times } = options
  return {
    /** Throws `rotation.preflight_failed` unless it is the key that signs: the newest under its platform key. */
    async requireSigning(kid: string): Promise<void> {
      if ((await findSigningKey(db, kid))?.signs !== true)
        throw new AppError('rotation.preflight_failed', { detail: notSigning })
    },

    /** A new key for the rotation, in no JWKS yet; the same one at a repeat. Throws `rotation.superseded`. */
    create: (rotationId: string): Promise<string> => createRotationKey(db, rotationId, () => makeSigningKey(keys)),

    /** In the JWKS from now on, without signing. Throws `rotation.superseded`, `rotation.set_refused`. */
    publish: (rotationId: string, kid: string): Promise<void> => publishRotationKey(db, { rotationId, keyId: kid }),

    /** Whether tokens of the key are accepted. */
    isAccepted: async (kid: string): Promise<boolean> => {
      const key = await findSigningKey(db, kid)
      return key !== undefined && key.publishedMs !== null && key.retiredMs === null
    },

    /**
     * Throws `rotation.not_due` until every JWKS that a client may still keep holds the key, then `rotation.test_failed`
     * unless it verifies what the key signs.
     */
    async test(kid: string): Promise<void> {
      const key = await findSigningKey(db, kid)
      if (key === undefined || key.publishedMs === null || key.retiredMs !== null)
        throw new AppError('rotation.test_failed', { detail: 'The new key isn’t published.' })
      const wait = { sinceMs: key.publishedMs, afterSeconds: publicationSeconds(times) }
      requireDue('Clients may still keep a JWKS without the new key.', wait)
      await requireVerifiable(options, kid)
    },

    /**
     * Retires a key and whatever else the current one has followed; one that has never signed at once. Throws
     * `rotation.not_due` while a token of it may be good or an instance may accept it, and `rotation.not_revoked`.
     */
    async retire({ kid, currentKid }: { readonly kid: string; readonly currentKid: string }): Promise<void> {
      await withdrawSigningKey(db, kid)
      const current = await findSigningKey(db, currentKid)
      const afterSeconds = retirementSeconds(times)
      if ((await findSigningKey(db, kid))?.retiredMs === null)
        requireDue('Tokens of the old key may still be good.', { sinceMs: current?.signsMs ?? 0, afterSeconds })
      await retireSigningKeys(db, { currentId: currentKid, afterSeconds })
      const retired = await findSigningKey(db, kid)
      if (retired === undefined) return
      if (retired.retiredMs === null) throw new AppError('rotation.not_revoked')
      const wait = { sinceMs: retired.retiredMs, afterSeconds: reloadSeconds(times) }
      requireDue('An instance of the platform may still accept the old key.', wait)
      if ((await signingKeys.publicKey(kid)) !== undefined) throw new AppError('rotation.not_revoked')
    },
  }
}
