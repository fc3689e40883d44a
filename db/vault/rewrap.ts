// The rewrap's own statements: data keys under an old key, a batch at a time, and the same under the current one.
import type { Db } from '../database.ts'

export interface WrappedDek {
  readonly secretId: string
  readonly version: number
  readonly wrappedDek: Buffer
  readonly kekId: string
}

/**
 * Versions under another key than the current one, held until the transaction's end; those that somebody else holds are
 * left for the next batch.
 */
export function takeStaleVersions(tx: Db, limit: number): Promise<WrappedDek[]> {
  return tx.query<WrappedDek>(
    `select v.secret_id as "secretId", v.version, v.wrapped_dek as "wrappedDek", v.kek_id as "kekId"
     from secret_versions v
     where v.kek_id = any(array(select id from vault_keys where not current and retired_at is null))
     order by v.kek_id, v.secret_id, v.version limit $1 for update skip locked`,
    [limit],
  )
}

/** Stores data keys under another key, where their versions are still there. */
export async function storeRewrapped(tx: Db, rows: readonly WrappedDek[]): Promise<void> {
  await tx.execute(
    `update secret_versions v set wrapped_dek = n.wrapped_dek, kek_id = n.kek_id
     from unnest($1::uuid[], $2::int[], $3::bytea[], $4::text[]) as n (secret_id, version, wrapped_dek, kek_id)
     where v.secret_id = n.secret_id and v.version = n.version and v.state <> 'destroyed'`,
    [
      rows.map((row) => row.secretId),
      rows.map((row) => row.version),
      rows.map((row) => row.wrappedDek),
      rows.map((row) => row.kekId),
    ],
  )
}
