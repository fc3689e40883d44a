// Versions as clients see them, and as they are stored: the first without a byte of what is sealed.
import { AppError } from '../../domain/errors.ts'
import type { OffsetQuery, Page } from '../../domain/resource.ts'
import type { Label, SecretVersion, UniqueLabel } from '../../domain/vault/secret.ts'
import { type Db, firstOrNotFound } from '../database.ts'

export interface VersionPlace {
  readonly secretId: string
  readonly version: number
}

/** A value as it is sealed: what `platform/vault` makes and opens. */
export interface SealedColumns {
  /** IV ‖ tag ‖ ciphertext. */
  readonly ciphertext: Buffer
  /** The value's own key, in the same form under the key `kekId`. */
  readonly wrappedDek: Buffer
  readonly kekId: string
}

export interface StoredVersion extends VersionPlace, SealedColumns {
  readonly labels: readonly Label[]
  readonly createdAt: Date
}

interface VersionRow extends Omit<SecretVersion, 'createdAt' | 'deletedAt' | 'destroyedAt'> {
  readonly createdAt: Date
  readonly deletedAt: Date | null
  readonly destroyedAt: Date | null
}

const labelsOf = `array(select l.label from secret_labels l
  where l.secret_id = v.secret_id and l.version = v.version order by l.label) as labels`
const columns = `v.id, v.version, v.state, v.created_by as "createdBy", v.created_at as "createdAt",
  v.deleted_at as "deletedAt", v.destroyed_at as "destroyedAt", ${labelsOf}`
const stored = `v.secret_id as "secretId", v.version, v.ciphertext, v.wrapped_dek as "wrappedDek", v.kek_id as "kekId",
  v.created_at as "createdAt", ${labelsOf}`

const toVersion = (row: VersionRow): SecretVersion => ({
  ...row,
  createdAt: row.createdAt.toISOString(),
  deletedAt: row.deletedAt?.toISOString() ?? null,
  destroyedAt: row.destroyedAt?.toISOString() ?? null,
})

/** Throws `resource.not_found`. */
export async function getVersion(db: Db, { secretId, version }: VersionPlace): Promise<SecretVersion> {
  const rows = await db.query<VersionRow>(
    `select ${columns} from secret_versions v where v.secret_id = $1 and v.version = $2`,
    [secretId, version],
  )
  return toVersion(firstOrNotFound(rows, 'version'))
}

/** The version that a repeated request has made already. */
export async function findVersionById(db: Db, secretId: string, id: string): Promise<SecretVersion | undefined> {
  const [row] = await db.query<VersionRow>(
    `select ${columns} from secret_versions v where v.id = $1 and v.secret_id = $2`,
    [id, secretId],
  )
  return row && toVersion(row)
}

/** The newest first; the cursor is the number of a page's last version. */
export async function listVersions(db: Db, secretId: string, query: OffsetQuery): Promise<Page<SecretVersion>> {
  const { limit, after } = query
  const rows = await db.query<VersionRow>(
    `select ${columns} from secret_versions v where v.secret_id = $1 and v.version < coalesce($2::int, 2147483647)
     order by v.version desc limit $3`,
    [secretId, after ?? null, limit + 1],
  )
  const data = rows.slice(0, limit).map(toVersion)
  const hasMore = rows.length > limit
  return { data, hasMore, nextCursor: hasMore ? String(data.at(-1)?.version ?? '') : null }
}

export interface VersionSelection {
  readonly secretId: string
  readonly version?: number | undefined
  /** CURRENT unless a version or a label is named. */
  readonly label?: UniqueLabel | undefined
}

const noValue = (detail: string): AppError => new AppError('secret.no_value', { detail })

/** The active version that is meant, without what is sealed. Throws `secret.no_value`, and `resource.not_found` for no secret. */
export async function selectVersion(db: Db, selection: VersionSelection): Promise<SecretVersion> {
  const { secretId, version, label = 'CURRENT' } = selection
  const secrets = await db.query<{ deleted: boolean }>(
    'select deleted_at is not null as deleted from secrets where id = $1',
    [secretId],
  )
  if (firstOrNotFound(secrets, 'secret').deleted) throw noValue('The secret is deleted: restore it first.')
  const [row] =
    version === undefined
      ? await db.query<VersionRow>(
          `select ${columns} from secret_labels m join secret_versions v using (secret_id, version)
           where m.secret_id = $1 and m.label = $2`,
          [secretId, label],
        )
      : await db.query<VersionRow>(
          `select ${columns} from secret_versions v where v.secret_id = $1 and v.version = $2`,
          [secretId, version],
        )
  if (row === undefined) throw noValue(`The secret has no ${version === undefined ? label : 'such'} version.`)
  if (row.state === 'destroyed') throw noValue(`Version ${row.version} is destroyed.`)
  if (row.state === 'deleted') throw noValue(`Version ${row.version} is deleted: undelete it first.`)
  return toVersion(row)
}

/** What is sealed of an active version. Throws `secret.no_value`. */
export async function getStoredVersion(db: Db, { secretId, version }: VersionPlace): Promise<StoredVersion> {
  const [row] = await db.query<StoredVersion>(
    `select ${stored} from secret_versions v where v.secret_id = $1 and v.version = $2 and v.state = 'active'`,
    [secretId, version],
  )
  if (row === undefined) throw noValue('The version has just been deleted.')
  return row
}

/** What is sealed of the active versions with a label: one at most, or for ABANDONED any number, the newest first. */
export async function findVersionsByLabel(db: Db, secretId: string, label: Label): Promise<StoredVersion[]> {
  return db.query<StoredVersion>(
    `select ${stored} from secret_labels m join secret_versions v using (secret_id, version)
     where m.secret_id = $1 and m.label = $2 and v.state = 'active' order by v.version desc`,
    [secretId, label],
  )
}

/** What is sealed of the active version with a label; undefined where there is none. */
export async function findVersionByLabel(
  db: Db,
  { secretId, label }: { readonly secretId: string; readonly label: UniqueLabel },
): Promise<StoredVersion | undefined> {
  const [row] = await findVersionsByLabel(db, secretId, label)
  return row
}
