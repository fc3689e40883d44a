// Accounts, with their roles and what these grant aggregated in the same query. Addresses arrive normalised.
import type { PatchUser, User } from '../../domain/auth/user.ts'
import { AppError } from '../../domain/errors.ts'
import { type Page, type PageQuery, toPage } from '../../domain/resource.ts'
import type { Permission } from '../../domain/auth/permission.ts'
import { type Db, firstOrNotFound } from '../database.ts'
import { olderThan } from '../keyset.ts'
import { grantedPermissions, grantedRoles, keepAnAdministrator, requireManageable, setUserRoles } from './roles.ts'
import { hasSecondFactor, type StoredFactor } from './second-factors.ts'
import { revokeUserSessions } from './sessions.ts'

interface UserRow extends Omit<User, 'createdAt'> {
  readonly createdAt: Date
}

const columns = `u.id, u.email, u.display_name as "displayName", u.disabled_at is not null as disabled,
  u.created_at as "createdAt", ${grantedRoles} as roles, ${grantedPermissions} as permissions,
  ${hasSecondFactor} as "secondFactor"`

const toUser = (row: UserRow): User => ({ ...row, createdAt: row.createdAt.toISOString() })

export interface NewUser {
  readonly id: string
  readonly email: string
  readonly displayName: string
  /** Undefined for one that signs in by another way, or sets its password later. */
  readonly password?: { readonly hash: string; readonly pepperId: string } | undefined
  /** By name; `user` alone unless given. */
  readonly roles?: readonly string[]
  /** The permissions of whoever gives it its roles; not for what nobody gives. */
  readonly grantable?: ReadonlySet<Permission> | undefined
}

/**
 * Creates an account. The same id and address again changes nothing (`made` is false), so a retry is safe. Throws
 * `auth.email_taken`, `request.invalid` for an unknown role, and `auth.grant_exceeded`.
 */
export async function createUser(
  db: Db,
  { roles = ['user'], grantable, ...input }: NewUser,
): Promise<{ readonly user: User; readonly made: boolean }> {
  return await db.transaction(async (tx) => {
    const inserted = await tx.query(
      `insert into users (id, email, display_name, password_hash, pepper_id) values ($1, $2, $3, $4, $5)
       on conflict do nothing returning id`,
      [input.id, input.email, input.displayName, input.password?.hash ?? null, input.password?.pepperId ?? null],
    )
    if (inserted.length > 0) await setUserRoles(tx, { userId: input.id, roles, grantable })
    else {
      const mine = await tx.query('select id from users where id = $1 and email = $2', [input.id, input.email])
      if (mine.length === 0) throw new AppError('auth.email_taken')
    }
    return { user: await getUser(tx, input.id), made: inserted.length > 0 }
  })
}

export interface LoginRecord {
  readonly id: string
  /** Undefined for an account without a password. */
  readonly password: { readonly hash: string; readonly pepperId: string } | undefined
  readonly disabled: boolean
  /** Undefined for an account without a confirmed one. */
  readonly factor: StoredFactor | undefined
}

interface LoginRow extends Omit<LoginRecord, 'password' | 'factor'> {
  readonly hash: string | null
  readonly pepperId: string | null
  readonly sealedSecret: Buffer | null
  readonly platformKeyId: string | null
}

export async function findUserForLogin(db: Db, email: string): Promise<LoginRecord | undefined> {
  const [row] = await db.query<LoginRow>(
    `select u.id, u.password_hash as hash, u.pepper_id as "pepperId", u.disabled_at is not null as disabled,
       f.sealed_secret as "sealedSecret", f.platform_key_id as "platformKeyId"
     from users u left join totp_factors f on f.user_id = u.id and f.confirmed_at is not null
     where lower(u.email) = lower($1)`,
    [email],
  )
  if (row === undefined) return undefined
  const { hash, pepperId, sealedSecret, platformKeyId, ...user } = row
  return {
    ...user,
    password: hash === null || pepperId === null ? undefined : { hash, pepperId },
    factor:
      sealedSecret === null || platformKeyId === null ? undefined : { userId: user.id, sealedSecret, platformKeyId },
  }
}

export interface PasswordRenewal {
  readonly userId: string
  /** The hash to replace: another one, set meanwhile, stays. */
  readonly from: string
  readonly passwordHash: string
  readonly pepperId: string
}

/** Stores the same password under a new hash. */
export async function renewPasswordHash(db: Db, { userId, from, passwordHash, pepperId }: PasswordRenewal) {
  await db.models.User.update({ passwordHash, pepperId }, { where: { id: userId, passwordHash: from } })
}

/** Nobody changes the account until the transaction ends. */
export async function lockUser(tx: Db, userId: string): Promise<void> {
  await tx.query('select id from users where id = $1 for share', [userId])
}

/** Throws `resource.not_found`. */
export async function getUser(db: Db, userId: string): Promise<User> {
  const rows = await db.query<UserRow>(`select ${columns} from users u where u.id = $1`, [userId])
  return toUser(firstOrNotFound(rows, 'user'))
}

/** All accounts, newest first. */
export async function listUsers(db: Db, { limit, after }: PageQuery): Promise<Page<User>> {
  const rows = await db.query<UserRow>(
    `select ${columns} from users u where ${olderThan('u.id', '$1')} order by u.id desc limit $2`,
    [after ?? null, limit + 1],
  )
  return toPage(rows.map(toUser), limit)
}

export interface UserChange {
  readonly userId: string
  readonly patch: PatchUser
  /** What whoever changes it may do, asked in the change’s transaction; not for what nobody asks for. */
  readonly permissionsOf?: ((tx: Db) => Promise<ReadonlySet<Permission>>) | undefined
}

/**
 * Changes an account; disabling it ends its sessions. Throws `resource.not_found`, `request.invalid` for an unknown role,
 * `auth.grant_exceeded`, and `auth.last_administrator` when no administrator who can sign in would be left.
 */
export async function updateUser(db: Db, { userId, patch, permissionsOf }: UserChange): Promise<User> {
  return await keepAnAdministrator(db, async (tx) => {
    const grantable = await permissionsOf?.(tx)
    if (grantable !== undefined) await requireManageable(tx, { userId, grantable })
    const updated = await tx.query(
      `update users set display_name = coalesce($2, display_name), updated_at = now(),
         disabled_at = case when $3::boolean is null then disabled_at when $3 then coalesce(disabled_at, now()) end
       where id = $1 returning id`,
      [userId, patch.displayName ?? null, patch.disabled ?? null],
    )
    firstOrNotFound(updated, 'user')
    if (patch.roles !== undefined) await setUserRoles(tx, { userId, roles: patch.roles, grantable })
    if (patch.disabled === true) await revokeUserSessions(tx, userId)
    return await getUser(tx, userId)
  })
}
