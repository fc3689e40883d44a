// The set of ES256 keys in memory: loaded from Postgres on first need, and again when it is old or a token names an
// unknown key. Only the current platform key's own signs, so a new platform key brings a new signing key with it.
import { type KeyObject, createHash, createPrivateKey, createPublicKey, generateKeyPairSync } from 'node:crypto'
import { type StoredSigningKey, ensureSigningKey } from '../db/auth/signing-keys.ts'
import type { Db } from '../db/database.ts'
import { AppError } from '../domain/errors.ts'
import type { PlatformKeys } from './keys.ts'

/** How long another instance's new or retired key may go unnoticed. */
const maxAgeMs = 30_000
/** Tokens with made-up key ids can't cause more than one query in this time. */
const unknownKeyIntervalMs = 5_000
const sealPurpose = 'signing-key'

/** RFC 7517, public part. */
interface JsonWebKey {
  readonly kid: string
  readonly use: 'sig'
  readonly alg: string
  readonly kty: string
  readonly crv: string
  readonly x: string
  readonly y: string
}

interface KeySet {
  readonly loadedAt: number
  readonly signing: { readonly kid: string; readonly privateKey: KeyObject }
  readonly publicKeys: ReadonlyMap<string, KeyObject>
}

export type SigningKeys = ReturnType<typeof createSigningKeys>

/** A new P-256 pair in its stored form. */
export function makeSigningKey(keys: PlatformKeys): StoredSigningKey {
  const { publicKey, privateKey } = generateKeyPairSync('ec', { namedCurve: 'P-256' })
  const { keyId, sealed } = keys.seal(sealPurpose, privateKey.export({ type: 'pkcs8', format: 'der' }))
  const { crv, kty, x, y } = publicKey.export({ format: 'jwk' })
  return {
    id: createHash('sha256').update(JSON.stringify({ crv, kty, x, y })).digest('base64url'),
    algorithm: 'ES256',
    publicKey: publicKey.export({ type: 'spki', format: 'pem' }).toString(),
    wrappedPrivateKey: sealed,
    platformKeyId: keyId,
  }
}

function openPrivateKey(keys: PlatformKeys, stored: StoredSigningKey): KeyObject {
  try {
    const der = keys.open(sealPurpose, stored.platformKeyId, stored.wrappedPrivateKey)
    return createPrivateKey({ key: der, type: 'pkcs8', format: 'der' })
  } catch (cause) {
    const detail = `The platform key ${stored.platformKeyId} isn’t the one that the signing key was sealed with.`
    throw new AppError('internal', { detail, cause })
  }
}

export function createSigningKeys({
  db,
  keys,
  now = Date.now,
}: {
  readonly db: Db
  readonly keys: PlatformKeys
  readonly now?: () => number
}) {
  let cached: KeySet | undefined
  let loading: Promise<KeySet> | undefined

  async function load(): Promise<KeySet> {
    const loadedAt = now()
    const stored = await ensureSigningKey(db, { platformKeyId: keys.currentId, make: () => makeSigningKey(keys) })
    const newest = stored.find((key) => key.platformKeyId === keys.currentId)
    if (newest === undefined) throw new AppError('internal', { detail: 'There is no signing key.' })
    cached = {
      loadedAt,
      signing:
        cached?.signing.kid === newest.id
          ? cached.signing
          : { kid: newest.id, privateKey: openPrivateKey(keys, newest) },
      publicKeys: new Map(stored.map((key) => [key.id, createPublicKey(key.publicKey)])),
    }
    return cached
  }

  /** The set, at most this old; callers that come together share one load, and a failed one isn't kept. */
  async function keySet(ageMs: number): Promise<KeySet> {
    if (cached !== undefined && now() - cached.loadedAt < ageMs) return cached
    loading ??= load().finally(() => {
      loading = undefined
    })
    return await loading
  }

  return {
    /** The key to sign with. Throws `internal` when the platform key can't open it. */
    async current(): Promise<KeySet['signing']> {
      return (await keySet(maxAgeMs)).signing
    },

    /** Undefined for a key that doesn't exist or is retired. */
    async publicKey(kid: string): Promise<KeyObject | undefined> {
      const known = (await keySet(maxAgeMs)).publicKeys.get(kid)
      return known ?? (await keySet(unknownKeyIntervalMs)).publicKeys.get(kid)
    },

    /** All accepted keys (RFC 7517), newest first. */
    async jwks(): Promise<{ keys: JsonWebKey[] }> {
      const { publicKeys } = await keySet(maxAgeMs)
      return { keys: [...publicKeys].map(([kid, key]) => toJsonWebKey(kid, key)) }
    },
  }
}

function toJsonWebKey(kid: string, key: KeyObject): JsonWebKey {
  const { kty = '', crv = '', x = '', y = '' } = key.export({ format: 'jwk' })
  return { kid, use: 'sig', alg: 'ES256', kty, crv, x, y }
}
