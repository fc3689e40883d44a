// Secrets without their values: what they are, where they may go, whether they are there. Who may see one is a matter of
// permission alone: secrets belong to the installation, not to an account.
import { AppError } from '../../domain/errors.ts'
import { type Page, toPage } from '../../domain/resource.ts'
import {
  type CreateSecret,
  type ListSecretsQuery,
  type PatchSecret,
  type Secret,
  restorableDays,
} from '../../domain/vault/secret.ts'
import type { RotationPolicy } from '../../domain/vault/rotation.ts'
import { nextRotationAt } from '../../domain/vault/rotation-target.ts'
import { type Db, firstOrNotFound } from '../database.ts'
import { olderThan } from '../keyset.ts'

interface SecretRow extends Omit<Secret, 'currentVersion' | 'rotation' | 'createdAt' | 'updatedAt' | 'deletedAt'> {
  readonly rotation: (Omit<RotationPolicy, 'nextRotationAt'> & { readonly anchoredAt: string }) | null
  readonly createdAt: Date
  readonly updatedAt: Date
  readonly deletedAt: Date | null
}

const columns = `s.id, s.path, s.description, s.tags, s.destinations, s.max_versions as "maxVersions", s.managed,
  s.created_by as "createdBy", s.created_at as "createdAt", s.updated_at as "updatedAt", s.deleted_at as "deletedAt",
  coalesce((select jsonb_object_agg(l.label, l.version) from secret_labels l
    where l.secret_id = s.id and l.label <> 'ABANDONED'), '{}') as labels,
  (select jsonb_build_object('rotator', p.rotator, 'config', p.config, 'everySeconds', p.every_seconds,
     'graceSeconds', p.grace_seconds, 'anchoredAt', p.anchored_at, 'paused', p.paused_at is not null,
     'state', r.state, 'lastRotationId', r.id)
   from rotation_policies p left join lateral (
     select id, state from secret_rotations where secret_id = p.secret_id order by id desc limit 1) r on true
   where p.secret_id = s.id) as rotation`

function toPolicy(row: SecretRow['rotation']): RotationPolicy | null {
  if (row === null) return null
  const { anchoredAt, ...policy } = row
  const { everySeconds, paused } = policy
  const next = nextRotationAt({ anchoredAt: new Date(anchoredAt), everySeconds }, new Date())
  return { ...policy, nextRotationAt: paused ? null : next.toISOString() }
}

const toSecret = (row: SecretRow): Secret => ({
  ...row,
  currentVersion: row.labels.CURRENT ?? null,
  rotation: toPolicy(row.rotation),
  createdAt: row.createdAt.toISOString(),
  updatedAt: row.updatedAt.toISOString(),
  deletedAt: row.deletedAt?.toISOString() ?? null,
})

export interface NewSecret extends Omit<CreateSecret, 'value'> {
  readonly id: string
  readonly createdBy: string
}

/**
 * Inserts a secret without versions; false when this id is there already, which a repeated request finds. Throws
 * `secret.path_taken`, also for the path of a deleted secret that can still be restored.
 */
export async function createSecret(tx: Db, input: NewSecret): Promise<boolean> {
  const { id, path, description, tags, destinations, maxVersions, createdBy } = input
  const made = await tx.query(
    `insert into secrets (id, path, description, tags, destinations, max_versions, created_by)
     values ($1, $2, $3, $4::text[], $5::text[], $6, $7) on conflict do nothing returning id`,
    [id, path, description, tags, destinations, maxVersions, createdBy],
  )
  if (made.length > 0) return true
  const mine = await tx.query('select id from secrets where id = $1 and path = $2', [id, path])
  if (mine.length > 0) return false
  throw new AppError('secret.path_taken', {
    detail:
      'Put a new version of the secret at this path, choose another path, or restore or purge it if it is deleted.',
  })
}

/** Newest first. */
export async function listSecrets(db: Db, query: ListSecretsQuery): Promise<Page<Secret>> {
  const { limit, after, prefix, tag, deleted } = query
  const bind: unknown[] = [after ?? null, limit + 1]
  const conditions = [olderThan('s.id', '$1'), `s.deleted_at is ${deleted === 'true' ? 'not null' : 'null'}`]
  if (prefix !== undefined) conditions.push(`s.path like $${bind.push(`${prefix.replaceAll(/[\\%_]/g, '\\$&')}%`)}`)
  if (tag !== undefined) conditions.push(`s.tags @> array[$${bind.push(tag)}::text]`)
  const rows = await db.query<SecretRow>(
    `select ${columns} from secrets s where ${conditions.join(' and ')} order by s.id desc limit $2`,
    bind,
  )
  return toPage(rows.map(toSecret), limit)
}

/** Deleted ones, too. Throws `resource.not_found`. */
export async function getSecret(db: Db, secretId: string): Promise<Secret> {
  const rows = await db.query<SecretRow>(`select ${columns} from secrets s where s.id = $1`, [secretId])
  return toSecret(firstOrNotFound(rows, 'secret'))
}

export async function findSecretByPath(db: Db, path: string): Promise<Secret | undefined> {
  const [row] = await db.query<SecretRow>(`select ${columns} from secrets s where s.path = $1`, [path])
  return row && toSecret(row)
}

/**
 * The secret, held until the transaction's end: whoever changes it or its versions takes turns. Throws
 * `resource.not_found`, and `secret.deleted` where it must be there.
 */
export async function lockSecret(
  tx: Db,
  secretId: string,
  { deleted = 'refused' }: { readonly deleted?: 'refused' | 'allowed' } = {},
): Promise<Secret> {
  const held = await tx.query('select id from secrets where id = $1 for no key update', [secretId])
  firstOrNotFound(held, 'secret')
  const secret = await getSecret(tx, secretId)
  if (secret.deletedAt === null || deleted === 'allowed') return secret
  throw new AppError('secret.deleted', { detail: 'Restore the secret first.' })
}

/** As `lockSecret`, for what only a person does: throws `secret.managed`, too. */
export async function lockUnmanagedSecret(tx: Db, secretId: string): Promise<Secret> {
  const secret = await lockSecret(tx, secretId)
  if (!secret.managed) return secret
  throw new AppError('secret.managed', { detail: 'Rotate the secret, or remove its rotation policy first.' })
}

/** Changes what is given. The caller holds `lockSecret`. */
export async function updateSecret(tx: Db, secretId: string, patch: PatchSecret): Promise<Secret> {
  const { description, tags, destinations, maxVersions } = patch
  await tx.execute(
    `update secrets set description = coalesce($2, description), tags = coalesce($3::text[], tags),
       destinations = coalesce($4::text[], destinations), max_versions = coalesce($5, max_versions), updated_at = now()
     where id = $1`,
    [secretId, description ?? null, tags ?? null, destinations ?? null, maxVersions ?? null],
  )
  return getSecret(tx, secretId)
}

/** Says whether a rotation policy makes the secret's values. The caller holds `lockSecret`. */
export async function setManaged(tx: Db, secretId: string, managed: boolean): Promise<void> {
  await tx.execute('update secrets set managed = $2, updated_at = now() where id = $1', [secretId, managed])
}

/** Deletes a secret softly, or restores it. The caller holds `lockSecret`. */
export async function setDeleted(tx: Db, secretId: string, deleted: boolean): Promise<Secret> {
  await tx.execute(`update secrets set deleted_at = case when $2 then now() end, updated_at = now() where id = $1`, [
    secretId,
    deleted,
  ])
  return getSecret(tx, secretId)
}

/** Removes a secret with everything of it. The caller holds `lockSecret`, and has seen that it is deleted. */
export async function purgeSecret(tx: Db, secretId: string): Promise<void> {
  await tx.execute('delete from secrets where id = $1', [secretId])
}

/** Deleted secrets that can't be restored any more. */
export async function listExpiredSecrets(db: Db): Promise<string[]> {
  const rows = await db.query<{ id: string }>(
    `select id from secrets where deleted_at < now() - make_interval(days => ${restorableDays})
     order by deleted_at limit 100`,
  )
  return rows.map(({ id }) => id)
}
