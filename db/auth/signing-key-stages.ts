// The stages of a rotation's signing key: made, published, signing; or withdrawn. Each may be repeated. While the rotation's
// row is held nobody can take the rotation back, so what is written here is never written late.
import { lockRotation, requireWritable } from '../vault/rotations.ts'
import { AppError } from '../../domain/errors.ts'
import { lockFor } from '../advisory-locks.ts'
import type { Db } from '../database.ts'
import { type StoredSigningKey, insertSigningKey, signingKeyColumns, tellOfSigningKey } from './signing-keys.ts'

/** The rotation's key, made at the first call and not published yet; resolves to its id. Throws `rotation.superseded`. */
export async function createRotationKey(db: Db, rotationId: string, make: () => StoredSigningKey): Promise<string> {
  return await db.transaction(async (tx) => {
    await lockRotation(tx, rotationId)
    await requireWritable(tx, rotationId)
    const [existing] = await tx.query<{ id: string }>('select id from signing_keys where rotation_id = $1', [
      rotationId,
    ])
    if (existing !== undefined) return existing.id
    const key = make()
    await insertSigningKey(tx, { ...key, rotationId, signsInSeconds: null })
    const { id, platformKeyId } = key
    await tellOfSigningKey(tx, 'signing_key.create', { id, details: { platformKeyId, rotationId } })
    return id
  })
}

interface RotationKey {
  readonly rotationId: string
  readonly keyId: string
}

/** Throws `rotation.superseded`, and `rotation.set_refused` when it isn't the rotation's key, or is retired. */
export async function publishRotationKey(db: Db, { rotationId, keyId }: RotationKey): Promise<void> {
  await db.transaction(async (tx) => {
    await lockRotation(tx, rotationId)
    await requireWritable(tx, rotationId)
    const published = await tx.execute(
      `update signing_keys set published_at = coalesce(published_at, clock_timestamp())
       where id = $1 and rotation_id = $2 and retired_at is null`,
      [keyId, rotationId],
    )
    if (published === 0) throw new AppError('rotation.set_refused', { detail: 'The new signing key is gone.' })
  })
}

/**
 * The rotation's key signs from `afterSeconds` on, everywhere; the caller holds the rotation's row. Throws
 * `rotation.superseded` when there is no published key of the rotation.
 */
export async function promoteRotationKey(
  tx: Db,
  { rotationId, afterSeconds }: { readonly rotationId: string; readonly afterSeconds: number },
): Promise<void> {
  const rows = await tx.query<{ id: string }>(
    `update signing_keys set signs_from = clock_timestamp() + make_interval(secs => $2::int)
     where rotation_id = $1 and published_at is not null and signs_from is null and retired_at is null returning id`,
    [rotationId, afterSeconds],
  )
  const [promoted] = rows
  if (promoted === undefined)
    throw new AppError('rotation.superseded', { detail: 'Its signing key isn’t published, or is retired.' })
  await tellOfSigningKey(tx, 'signing_key.rotate', { id: promoted.id, details: { rotationId } })
}

async function tellOfRetired(tx: Db, rows: readonly { readonly id: string }[]): Promise<void> {
  for (const { id } of rows) await tellOfSigningKey(tx, 'signing_key.retire', { id })
}

/** The rotation's key, which never signs, is accepted no more. */
export async function withdrawRotationKey(tx: Db, rotationId: string): Promise<void> {
  const rows = await tx.query<{ id: string }>(
    `update signing_keys set retired_at = clock_timestamp()
     where rotation_id = $1 and signs_from is null and retired_at is null returning id`,
    [rotationId],
  )
  await tellOfRetired(tx, rows)
}

/** Withdraws a key that never signs; no effect on one that has signed, or is to. */
export async function withdrawSigningKey(db: Db, keyId: string): Promise<void> {
  await db.transaction(async (tx) => {
    const rows = await tx.query<{ id: string }>(
      `update signing_keys set retired_at = clock_timestamp()
       where id = $1 and signs_from is null and retired_at is null returning id`,
      [keyId],
    )
    await tellOfRetired(tx, rows)
  })
}

/**
 * Retires every key that the current one has followed for `afterSeconds`, and with them published ones whose rotation has
 * gone without a word.
 */
export async function retireSigningKeys(
  db: Db,
  { currentId, afterSeconds }: { readonly currentId: string; readonly afterSeconds: number },
): Promise<void> {
  await db.transaction(async (tx) => {
    await lockFor(tx, 'signingKeys')
    const rows = await tx.query<{ id: string }>(
      `update signing_keys k set retired_at = clock_timestamp() from signing_keys c
       where c.id = $1 and c.retired_at is null and k.id <> c.id and k.retired_at is null
         and c.signs_from + make_interval(secs => $2::int) <= clock_timestamp()
         and (k.signs_from <= c.signs_from
           or (k.signs_from is null
             and not exists (select from secret_rotations r where r.id = k.rotation_id and r.ended_at is null)))
       returning k.id`,
      [currentId, afterSeconds],
    )
    await tellOfRetired(tx, rows)
  })
}

export interface SigningKeyStage extends StoredSigningKey {
  /** It is the newest key under its platform key that signs, or is to sign from a known moment on. */
  readonly signs: boolean
  /** How long ago, in milliseconds; null where it hasn't been. */
  readonly publishedMs: number | null
  /** Since when it may sign; negative where it will, null where it isn't known when. */
  readonly signsMs: number | null
  readonly retiredMs: number | null
}

/** Where a key stands, by the database's clock; undefined where there is none. */
export async function findSigningKey(db: Db, keyId: string): Promise<SigningKeyStage | undefined> {
  const since = (column: string): string => `(extract(epoch from clock_timestamp() - k.${column}) * 1000)::float8`
  const [row] = await db.query<SigningKeyStage>(
    `select ${signingKeyColumns}, ${since('published_at')} as "publishedMs", ${since('signs_from')} as "signsMs",
       ${since('retired_at')} as "retiredMs",
       k.retired_at is null and k.id = (
         select n.id from signing_keys n where n.platform_key_id = k.platform_key_id and n.retired_at is null
           and n.signs_from is not null order by n.signs_from desc, n.created_at desc, n.id desc limit 1
       ) as signs
     from signing_keys k where k.id = $1`,
    [keyId],
  )
  return row && { ...row, signs: row.signs ?? false }
}
