// API keys: a name for what a program may do on behalf of an account. A key never does more than its owner may; only one
// that an administrator has granted to a service account may do what its scopes name.
import type { Permission } from '../../domain/auth/permission.ts'
import type { ApiKey } from '../../domain/auth/session.ts'
import { AppError } from '../../domain/errors.ts'
import { type Page, type PageQuery, toPage } from '../../domain/resource.ts'
import { type Db, firstOrNotFound } from '../database.ts'
import { olderThan } from '../keyset.ts'
import { grantedPermissions, grantedRoles } from './roles.ts'

const serviceRole = 'service'
const usedEverySeconds = 60

interface ApiKeyRow extends Omit<ApiKey, 'createdAt' | 'expiresAt' | 'lastUsedAt'> {
  readonly createdAt: Date
  readonly expiresAt: Date | null
  readonly lastUsedAt: Date | null
}

const columns = `k.id, k.name, k.scopes, k.created_at as "createdAt", k.expires_at as "expiresAt",
  k.last_used_at as "lastUsedAt"`

const toApiKey = ({ createdAt, expiresAt, lastUsedAt, ...row }: ApiKeyRow): ApiKey => ({
  ...row,
  createdAt: createdAt.toISOString(),
  expiresAt: expiresAt?.toISOString() ?? null,
  lastUsedAt: lastUsedAt?.toISOString() ?? null,
})

export interface NewApiKey {
  readonly id: string
  readonly userId: string
  readonly name: string
  readonly secretHash: Buffer
  readonly scopes: readonly Permission[]
  readonly expiresAt: string | undefined
  /** The administrator who grants it to a service account. */
  readonly grantedBy?: string | undefined
}

/**
 * Throws `resource.not_found` when the account isn’t there, is disabled, or, for a grant, is no service; and
 * `idempotency.already_done` for an id that was used before, whose secret is gone.
 */
export async function createApiKey(tx: Db, key: NewApiKey): Promise<ApiKey> {
  const rows = await tx.query<ApiKeyRow>(
    `insert into api_keys as k (id, user_id, name, secret_hash, scopes, expires_at, granted_by, is_grant)
     select $1, u.id, $3, $4, $5::text[], $6::timestamptz, $7::uuid, $7::uuid is not null from users u
     where u.id = $2 and u.disabled_at is null
       and ($7::uuid is null or exists (select from user_roles ur join roles r on r.id = ur.role_id
         where ur.user_id = u.id and r.name = '${serviceRole}'))
     for share of u on conflict (id) do nothing returning ${columns}`,
    [key.id, key.userId, key.name, key.secretHash, key.scopes, key.expiresAt ?? null, key.grantedBy ?? null],
  )
  if (rows.length === 0 && (await isKnown(tx, key)))
    throw new AppError('idempotency.already_done', { resourceId: key.id })
  return toApiKey(firstOrNotFound(rows, 'service account'))
}

const isKnown = async (tx: Db, { id, userId }: Pick<NewApiKey, 'id' | 'userId'>): Promise<boolean> =>
  (await tx.query('select id from api_keys where id = $1 and user_id = $2', [id, userId])).length > 0

const isGood = 'k.revoked_at is null and (k.expires_at is null or k.expires_at > now())'

/** Those of a user that are still good, newest first. */
export async function listApiKeys(db: Db, userId: string, { limit, after }: PageQuery): Promise<Page<ApiKey>> {
  const rows = await db.query<ApiKeyRow>(
    `select ${columns} from api_keys k
     where k.user_id = $1 and ${isGood} and ${olderThan('k.id', '$2')} order by k.id desc limit $3`,
    [userId, after ?? null, limit + 1],
  )
  return toPage(rows.map(toApiKey), limit)
}

const noKey = (): AppError => new AppError('resource.not_found', { detail: 'There is no such API key.' })

/** Throws `resource.not_found` unless it is a good key of this user. */
export async function requireApiKey(
  db: Db,
  { userId, keyId }: { readonly userId: string; readonly keyId: string },
): Promise<void> {
  const sql = `select k.id from api_keys k where k.id = $1 and k.user_id = $2 and ${isGood}`
  if ((await db.query(sql, [keyId, userId])).length === 0) throw noKey()
}

/** Ends a key of this user. Throws `resource.not_found`. */
export async function revokeApiKey(
  tx: Db,
  { userId, keyId }: { readonly userId: string; readonly keyId: string },
): Promise<void> {
  const sql = `update api_keys k set revoked_at = now() where k.id = $1 and k.user_id = $2 and ${isGood} returning k.id`
  if ((await tx.query(sql, [keyId, userId])).length === 0) throw noKey()
}

/** Ends every key of a user; resolves to how many there were. */
export async function revokeUserApiKeys(tx: Db, userId: string): Promise<number> {
  return await tx.execute('update api_keys set revoked_at = now() where user_id = $1 and revoked_at is null', [userId])
}

/** Remembers that a key was used, at most once a minute. */
export async function touchApiKey(db: Db, keyId: string): Promise<void> {
  await db.execute(
    `update api_keys set last_used_at = now()
     where id = $1 and coalesce(last_used_at, '-infinity') < now() - make_interval(secs => ${usedEverySeconds})`,
    [keyId],
  )
}

export interface KeyActorRecord {
  readonly userId: string
  readonly email: string
  readonly secretHash: Buffer
  readonly scopes: readonly Permission[]
  /** Granted to an account that is still a service’s: its scopes alone say what it may. */
  readonly isGrant: boolean
  readonly roles: readonly string[]
  readonly permissions: readonly Permission[]
  readonly expiresAt: Date | null
}

/** Whose key it is and what they may; undefined when it has ended or the account is disabled. One query. */
export async function findKeyActor(db: Db, keyId: string): Promise<KeyActorRecord | undefined> {
  const [found] = await db.query<KeyActorRecord>(
    `select u.id as "userId", u.email, k.secret_hash as "secretHash", k.scopes, k.is_grant as "isGrant",
       k.expires_at as "expiresAt", ${grantedRoles} as roles, ${grantedPermissions} as permissions
     from api_keys k join users u on u.id = k.user_id where k.id = $1 and ${isGood} and u.disabled_at is null`,
    [keyId],
  )
  return found && { ...found, isGrant: found.isGrant && found.roles.includes(serviceRole) }
}
