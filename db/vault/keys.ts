// Which keys the vault's values are wrapped under: ids and check values, never keys. Invariant: who seals holds the
// current row FOR SHARE until its commit, so once a change of key has the row, no write under the old one is on its way.
import { AppError } from '../../domain/errors.ts'
import { lockFor } from '../advisory-locks.ts'
import type { Db } from '../database.ts'

export interface VaultKey {
  readonly id: string
  readonly kcv: string
  readonly current: boolean
  /** Nothing is wrapped under it any more, so it may be missing. */
  readonly retired: boolean
}

const columns = 'id, kcv, current, retired_at is not null as retired'

/** All of them, oldest first. */
export function findVaultKeys(db: Db): Promise<VaultKey[]> {
  return db.query<VaultKey>(`select ${columns} from vault_keys order by created_at, id`)
}

type NewKey = Pick<VaultKey, 'id' | 'kcv'>

/** Records the first key of all; of many processes that start at once, one does, and it alone gets true. */
export async function recordFirstVaultKey(tx: Db, { id, kcv }: NewKey): Promise<boolean> {
  const made = await tx.execute(
    `insert into vault_keys (id, kcv, current) select $1, $2, true where not exists (select from vault_keys)
     on conflict do nothing`,
    [id, kcv],
  )
  return made > 0
}

/** An exchange of the current key leaves the waiting statement with the old row, which no longer qualifies. */
const tries = 10

/** The current key, held FOR SHARE until the transaction's end. Throws `vault.sealed` while none is recorded. */
export async function shareCurrentVaultKey(tx: Db): Promise<NewKey> {
  for (let attempt = 0; attempt < tries; attempt += 1) {
    const [key] = await tx.query<NewKey>('select id, kcv from vault_keys where current for share')
    if (key !== undefined) return key
  }
  throw new AppError('vault.sealed', { detail: 'No key is recorded as the current one.' })
}

/**
 * All keys, held FOR UPDATE until the transaction's end: nobody seals, and nobody else changes keys. Who changes them takes
 * turns first: a key that came meanwhile is locked in another order by those who saw it than by those who didn't.
 */
export async function lockVaultKeys(tx: Db): Promise<VaultKey[]> {
  await lockFor(tx, 'vaultKeys')
  await tx.query('select id from vault_keys order by id for update')
  return findVaultKeys(tx)
}

/** Makes a key the current one, recording it where it is new. The caller holds `lockVaultKeys`. */
export async function makeVaultKeyCurrent(tx: Db, { id, kcv }: NewKey): Promise<void> {
  await tx.execute('update vault_keys set current = false where current')
  await tx.execute(
    `insert into vault_keys (id, kcv, current) values ($1, $2, true)
     on conflict (id) do update set current = true, retired_at = null`,
    [id, kcv],
  )
}

/** How many versions are wrapped under another key than the current one. */
export async function countStaleVersions(db: Db): Promise<number> {
  const [row] = await db.query<{ count: number }>(
    `select count(*)::int as count from secret_versions
     where kek_id in (select id from vault_keys where not current and retired_at is null)`,
  )
  return row?.count ?? 0
}

/** Retires every key but the current one, if nothing is wrapped under them any more; resolves to the ids that it retired. */
export async function retireVaultKeys(tx: Db): Promise<string[]> {
  await lockVaultKeys(tx)
  const rows = await tx.query<{ id: string }>(
    `update vault_keys k set retired_at = now() where not current and retired_at is null
       and not exists (select from secret_versions v where v.kek_id = k.id) returning id`,
  )
  return rows.map(({ id }) => id)
}
