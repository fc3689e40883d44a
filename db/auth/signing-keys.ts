// The keys that sign access tokens. All instances share them; private parts are stored sealed and opened elsewhere.
import { lockFor } from '../advisory-locks.ts'
import type { Db } from '../database.ts'

export interface StoredSigningKey {
  /** RFC 7638 thumbprint of the public key: the `kid` of tokens. */
  readonly id: string
  /** As JWS names it (RFC 7518): `ES256`. */
  readonly algorithm: string
  /** SPKI in PEM. */
  readonly publicKey: string
  /** PKCS 8 in DER, sealed under the platform key. */
  readonly wrappedPrivateKey: Buffer
  readonly platformKeyId: string
}

/** Keys whose tokens are accepted, newest first. */
export async function listSigningKeys(db: Db): Promise<StoredSigningKey[]> {
  return await db.query<StoredSigningKey>(
    `select id, algorithm, public_key as "publicKey", wrapped_private_key as "wrappedPrivateKey",
       platform_key_id as "platformKeyId"
     from signing_keys where retired_at is null order by created_at desc, id desc`,
  )
}

/**
 * As `listSigningKeys`, but first stores what `make` returns if no key is wrapped under `platformKeyId`.
 * Of many instances that start at once exactly one makes a key.
 */
export async function ensureSigningKey(
  db: Db,
  { platformKeyId, make }: { readonly platformKeyId: string; readonly make: () => StoredSigningKey },
): Promise<StoredSigningKey[]> {
  const usable = (keys: readonly StoredSigningKey[]) => keys.some((key) => key.platformKeyId === platformKeyId)
  const existing = await listSigningKeys(db)
  if (usable(existing)) return existing
  return await db.transaction(async (tx) => {
    await lockFor(tx, 'signingKeys')
    const keys = await listSigningKeys(tx)
    if (usable(keys)) return keys
    await tx.models.SigningKey.create({ ...make(), retiredAt: null })
    return await listSigningKeys(tx)
  })
}
