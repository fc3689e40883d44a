// What happens to versions: a new current one, or one that a rotation puts in place (pending → current, dropped, or
// abandoned), and the pruning of old ones. Every function holds the secret, so that changes of one take turns.
import { AppError } from '../../domain/errors.ts'
import type { Db } from '../database.ts'
import { addLabel, makeCurrent, removeLabel } from './labels.ts'
import { lockSecret } from './secrets.ts'
import type { SealedColumns, VersionPlace } from './version-rows.ts'

/** The number for a secret's next version, which its sealed value is bound to. It holds the secret until the transaction's end. */
export async function takeVersionNumber(tx: Db, secretId: string): Promise<VersionPlace> {
  await lockSecret(tx, secretId)
  const [row] = await tx.query<{ version: number }>(
    'update secrets set last_version = last_version + 1, updated_at = now() where id = $1 returning last_version as version',
    [secretId],
  )
  return { secretId, version: row?.version ?? 0 }
}

export interface NewVersion extends VersionPlace, SealedColumns {
  readonly id: string
  /** The account that gave the value; null for one that a rotation has made. */
  readonly createdBy: string | null
}

async function insertVersion(tx: Db, row: NewVersion): Promise<void> {
  await tx.execute(
    `insert into secret_versions (secret_id, version, id, ciphertext, wrapped_dek, kek_id, created_by)
     values ($1, $2, $3, $4, $5, $6, $7)`,
    [row.secretId, row.version, row.id, row.ciphertext, row.wrappedDek, row.kekId, row.createdBy],
  )
}

/** Removes the oldest versions beyond the secret's `maxVersions`, never a labelled one; resolves to how many. */
async function pruneVersions(tx: Db, secretId: string): Promise<number> {
  return tx.execute(
    `delete from secret_versions where secret_id = $1 and version in (
       select v.version from secret_versions v
       where v.secret_id = $1 and not exists (
         select from secret_labels l where l.secret_id = v.secret_id and l.version = v.version)
       order by v.version limit greatest(0, (select count(*) from secret_versions c where c.secret_id = $1)
         - (select s.max_versions from secrets s where s.id = $1)))`,
    [secretId],
  )
}

/** A new current version. Resolves to how many old ones were pruned for it. */
export async function putCurrentVersion(tx: Db, row: NewVersion): Promise<number> {
  await lockSecret(tx, row.secretId)
  await insertVersion(tx, row)
  await makeCurrent(tx, row)
  return pruneVersions(tx, row.secretId)
}

const hasPending = async (tx: Db, secretId: string): Promise<boolean> =>
  (await tx.query(`select version from secret_labels where secret_id = $1 and label = 'PENDING'`, [secretId])).length >
  0

/** A new version that isn't in use yet. Throws `secret.pending` while there is one. */
export async function putPendingVersion(tx: Db, row: NewVersion): Promise<void> {
  await lockSecret(tx, row.secretId)
  if (await hasPending(tx, row.secretId)) throw new AppError('secret.pending')
  await insertVersion(tx, row)
  await addLabel(tx, row, 'PENDING')
}

/** PENDING becomes CURRENT, and CURRENT becomes PREVIOUS. Resolves to the version; undefined, and no change, where none is pending. */
export async function promotePending(tx: Db, secretId: string): Promise<number | undefined> {
  await lockSecret(tx, secretId, { deleted: 'allowed' })
  const [version] = await removeLabel(tx, secretId, 'PENDING')
  if (version === undefined) return undefined
  await makeCurrent(tx, { secretId, version })
  await pruneVersions(tx, secretId)
  return version
}

/** Removes the pending version, which was never sent anywhere. Resolves to it; undefined where there is none. */
export async function dropPending(tx: Db, secretId: string): Promise<number | undefined> {
  await lockSecret(tx, secretId, { deleted: 'allowed' })
  const [version] = await removeLabel(tx, secretId, 'PENDING')
  if (version === undefined) return undefined
  await tx.execute('delete from secret_versions where secret_id = $1 and version = $2', [secretId, version])
  return version
}

/** Keeps the pending version as an abandoned one: it may have been sent. Resolves to it; undefined where there is none. */
export async function abandonPending(tx: Db, secretId: string): Promise<number | undefined> {
  await lockSecret(tx, secretId, { deleted: 'allowed' })
  const [version] = await removeLabel(tx, secretId, 'PENDING')
  if (version === undefined) return undefined
  await addLabel(tx, { secretId, version }, 'ABANDONED')
  return version
}

/** Lets abandoned versions be pruned, once it is proven that none of them works. Resolves to those. */
export async function releaseAbandoned(tx: Db, secretId: string): Promise<number[]> {
  await lockSecret(tx, secretId, { deleted: 'allowed' })
  const released = await removeLabel(tx, secretId, 'ABANDONED')
  await pruneVersions(tx, secretId)
  return released
}

/** Takes PREVIOUS off, once the value is revoked where it was used. Resolves to the version that had it. */
export async function retirePrevious(tx: Db, secretId: string): Promise<number | undefined> {
  await lockSecret(tx, secretId, { deleted: 'allowed' })
  const [version] = await removeLabel(tx, secretId, 'PREVIOUS')
  return version
}

/** Makes an abandoned version the pending one: the target turned out to take it. Throws `secret.pending` while there is one. */
export async function adoptAbandoned(tx: Db, place: VersionPlace): Promise<void> {
  await lockSecret(tx, place.secretId, { deleted: 'allowed' })
  if (await hasPending(tx, place.secretId)) throw new AppError('secret.pending')
  await tx.execute(`delete from secret_labels where secret_id = $1 and version = $2 and label = 'ABANDONED'`, [
    place.secretId,
    place.version,
  ])
  await addLabel(tx, place, 'PENDING')
}
