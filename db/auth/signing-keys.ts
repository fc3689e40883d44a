// The keys that sign access tokens. All instances share them; private parts are stored sealed and opened elsewhere. Which
// of them signs is a matter of times, by the database's clock, so that all instances change over at the same moment.
import type { AuditAction, AuditDetails } from '../../domain/audit/event.ts'
import { lockFor } from '../advisory-locks.ts'
import { appendAuditEvent } from '../audit/events.ts'
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

/** A key in the JWKS, whose tokens are accepted. */
export interface AcceptedKey extends StoredSigningKey {
  /** Milliseconds until it may sign, no more than 0 from then on; null while its rotation hasn't finished. */
  readonly signsInMs: number | null
}

export const signingKeyColumns = `k.id, k.algorithm, k.public_key as "publicKey",
  k.wrapped_private_key as "wrappedPrivateKey", k.platform_key_id as "platformKeyId"`

/** Keys whose tokens are accepted, newest first. */
export async function listSigningKeys(db: Db): Promise<AcceptedKey[]> {
  return await db.query<AcceptedKey>(
    `select ${signingKeyColumns},
       (extract(epoch from k.signs_from - clock_timestamp()) * 1000)::float8 as "signsInMs"
     from signing_keys k where k.published_at is not null and k.retired_at is null
     order by k.created_at desc, k.id desc`,
  )
}

/** Of the platform's own accord, in the transaction of the change. */
export async function tellOfSigningKey(
  tx: Db,
  action: Extract<AuditAction, `signing_key.${string}`>,
  { id, details }: { readonly id: string; readonly details?: AuditDetails },
): Promise<void> {
  const resource = { type: 'signing_key', id } as const
  await appendAuditEvent(tx, { action, outcome: 'success', actor: { type: 'system' }, resource, details })
}

export interface NewSigningKey extends StoredSigningKey {
  readonly rotationId: string | null
  /** It is published now, and signs so long from now; null: it isn't published yet. */
  readonly signsInSeconds: number | null
}

export async function insertSigningKey(tx: Db, key: NewSigningKey): Promise<void> {
  const { id, algorithm, publicKey, wrappedPrivateKey, platformKeyId, rotationId, signsInSeconds } = key
  await tx.execute(
    `insert into signing_keys (id, algorithm, public_key, wrapped_private_key, platform_key_id, rotation_id,
       published_at, signs_from)
     select $1, $2, $3, $4, $5, $6, now.at, now.at + make_interval(secs => $7::int)
     from (select case when $7::int is not null then clock_timestamp() end as at) now`,
    [id, algorithm, publicKey, wrappedPrivateKey, platformKeyId, rotationId, signsInSeconds],
  )
}

export interface EnsureOptions {
  /** Of the platform keys that this instance has, the current one first. */
  readonly platformKeyIds: readonly string[]
  /** How long a new key waits before it signs, while another one does. */
  readonly leadSeconds: number
  readonly make: () => StoredSigningKey
}

/** The newest of the keys that this instance can open, and that may sign `afterMs` after they were listed. */
export const signerOf = (
  keys: readonly AcceptedKey[],
  { platformKeyIds, afterMs }: Pick<EnsureOptions, 'platformKeyIds'> & { readonly afterMs: number },
): AcceptedKey | undefined =>
  keys
    .filter(({ platformKeyId, signsInMs }) => platformKeyIds.includes(platformKeyId) && signsInMs !== null)
    .filter(({ signsInMs }) => Number(signsInMs) <= afterMs)
    .toSorted((a, b) => Number(b.signsInMs) - Number(a.signsInMs))[0]

/** Whether there is one to sign with, and one, now or soon, under the current platform key. */
function isComplete(keys: readonly AcceptedKey[], { platformKeyIds }: EnsureOptions): boolean {
  const own = keys.some(({ platformKeyId, signsInMs }) => platformKeyId === platformKeyIds[0] && signsInMs !== null)
  return own && signerOf(keys, { platformKeyIds, afterMs: 0 }) !== undefined
}

async function complete(tx: Db, keys: readonly AcceptedKey[], options: EnsureOptions): Promise<void> {
  const { platformKeyIds, leadSeconds, make } = options
  const hasSigner = signerOf(keys, { platformKeyIds, afterMs: 0 }) !== undefined
  if (!hasSigner && signerOf(keys, { platformKeyIds, afterMs: Number.POSITIVE_INFINITY }) !== undefined) {
    // Another instance, which can open the key before, has it wait; here there is nothing else to sign with.
    await tx.execute(
      `update signing_keys set signs_from = clock_timestamp()
       where retired_at is null and signs_from > clock_timestamp() and platform_key_id = any($1::text[])`,
      [platformKeyIds],
    )
    return
  }
  const key = make()
  await insertSigningKey(tx, { ...key, rotationId: null, signsInSeconds: hasSigner ? leadSeconds : 0 })
  await tellOfSigningKey(tx, 'signing_key.create', { id: key.id, details: { platformKeyId: key.platformKeyId } })
}

/**
 * As `listSigningKeys`, but first sees to it that one of them can sign here, and that one is wrapped under the current
 * platform key. Of many instances that start at once exactly one makes a key.
 */
export async function ensureSigningKey(db: Db, options: EnsureOptions): Promise<AcceptedKey[]> {
  const existing = await listSigningKeys(db)
  if (isComplete(existing, options)) return existing
  return await db.transaction(async (tx) => {
    await lockFor(tx, 'signingKeys')
    const keys = await listSigningKeys(tx)
    if (isComplete(keys, options)) return keys
    await complete(tx, keys, options)
    return await listSigningKeys(tx)
  })
}
