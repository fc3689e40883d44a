// The set of ES256 keys in memory: loaded from Postgres on first need, and again when it is old or a token names an
// unknown key. A new platform key brings a signing key of its own, which waits until everybody has it, where it can.
import { type KeyObject, createHash, createPrivateKey, createPublicKey, generateKeyPairSync } from 'node:crypto'
import { type AcceptedKey, type StoredSigningKey, ensureSigningKey, signerOf } from '../db/auth/signing-keys.ts'
import type { Db } from '../db/database.ts'
import { type TokenTimes, defaultTokenTimes, publicationSeconds, reloadSeconds } from '../domain/auth/token-times.ts'
import { AppError } from '../domain/errors.ts'
import type { PlatformKeys } from './keys.ts'

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
  readonly keys: readonly AcceptedKey[]
  readonly publicKeys: ReadonlyMap<string, KeyObject>
}

interface SigningKey {
  readonly kid: string
  readonly privateKey: KeyObject
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

/** Throws `internal` when the platform key can't open it. */
export function openPrivateKey(keys: PlatformKeys, stored: StoredSigningKey): KeyObject {
  try {
    const der = keys.open(sealPurpose, stored.platformKeyId, stored.wrappedPrivateKey)
    return createPrivateKey({ key: der, type: 'pkcs8', format: 'der' })
  } catch (cause) {
    const detail = `The platform key ${stored.platformKeyId} isn’t the one that the signing key was sealed with.`
    throw new AppError('internal', { detail, cause })
  }
}

export interface SigningKeysOptions {
  readonly db: Db
  readonly keys: PlatformKeys
  readonly times?: TokenTimes
  readonly now?: () => number
}

const toPublicKeys = (stored: readonly AcceptedKey[]): ReadonlyMap<string, KeyObject> =>
  new Map(stored.map(({ id, publicKey }) => [id, createPublicKey(publicKey)]))

/** The sets as they are loaded: `young` is no older than a reload, `forUnknown` as of when a key was first missed. */
function createKeySets({ db, keys, times = defaultTokenTimes, now = Date.now }: SigningKeysOptions) {
  const maxAgeMs = reloadSeconds(times) * 1_000
  const make = (): StoredSigningKey => makeSigningKey(keys)
  const needed = { platformKeyIds: keys.ids, leadSeconds: publicationSeconds(times), make }
  let cached: KeySet | undefined
  let loading: Promise<KeySet> | undefined
  let unknownAsked: { readonly at: number; readonly answer: Promise<KeySet> } | undefined

  async function load(): Promise<KeySet> {
    const loadedAt = now()
    const stored = await ensureSigningKey(db, needed)
    const loaded = { loadedAt, keys: stored, publicKeys: toPublicKeys(stored) }
    // Of two loads at once the later one to begin knows more.
    if (cached === undefined || cached.loadedAt <= loadedAt) cached = loaded
    return loaded
  }

  return {
    /** Callers that come together share one load, and a failed one isn't kept. */
    async young(): Promise<KeySet> {
      if (cached !== undefined && now() - cached.loadedAt < maxAgeMs) return cached
      loading ??= load().finally(() => {
        loading = undefined
      })
      return await loading
    },

    /**
     * A load that began before the unknown key was asked for may have missed it, so this begins one. Whoever asks soon
     * after gets the same answer, so that made-up key ids can't cause more of them.
     */
    async forUnknown(): Promise<KeySet> {
      if (unknownAsked === undefined || now() - unknownAsked.at >= unknownKeyIntervalMs) {
        const asked = { at: now(), answer: load() }
        unknownAsked = asked
        asked.answer.catch(() => {
          if (unknownAsked === asked) unknownAsked = undefined
        })
      }
      const answer = await unknownAsked.answer
      // A key of the answer may have been retired since.
      return cached !== undefined && cached.loadedAt > answer.loadedAt ? cached : answer
    },
  }
}

export function createSigningKeys(options: SigningKeysOptions) {
  const { keys, now = Date.now } = options
  const sets = createKeySets(options)
  let opened: SigningKey | undefined
  return {
    /** The key to sign with. Throws `internal` when the platform key can't open it. */
    async current(): Promise<SigningKey> {
      const { keys: known, loadedAt } = await sets.young()
      const signer = signerOf(known, { platformKeyIds: keys.ids, afterMs: now() - loadedAt })
      if (signer === undefined) throw new AppError('internal', { detail: 'There is no signing key.' })
      if (opened?.kid !== signer.id) opened = { kid: signer.id, privateKey: openPrivateKey(keys, signer) }
      return opened
    },

    /** Undefined for a key that doesn't exist, isn't published, or is retired. */
    async publicKey(kid: string): Promise<KeyObject | undefined> {
      const known = (await sets.young()).publicKeys.get(kid)
      return known ?? (await sets.forUnknown()).publicKeys.get(kid)
    },

    /** All accepted keys (RFC 7517), newest first; also those that don't sign yet. */
    async jwks(): Promise<{ keys: JsonWebKey[] }> {
      const { publicKeys } = await sets.young()
      return { keys: [...publicKeys].map(([kid, key]) => toJsonWebKey(kid, key)) }
    },
  }
}

function toJsonWebKey(kid: string, key: KeyObject): JsonWebKey {
  const { kty = '', crv = '', x = '', y = '' } = key.export({ format: 'jwk' })
  return { kid, use: 'sig', alg: 'ES256', kty, crv, x, y }
}
