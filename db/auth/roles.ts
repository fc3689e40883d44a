// Roles, what they grant, and who holds them. The rule that an administrator is left stands here, beside the tables
// that it is about, so that no way of changing them can forget it.
import type { PermissionRecord, Role } from '../../domain/auth/user.ts'
import type { Permission } from '../../domain/auth/permission.ts'
import { AppError, type FieldFault } from '../../domain/errors.ts'
import { type Page, type PageQuery, toPage } from '../../domain/resource.ts'
import type { Db } from '../database.ts'
import { olderThan } from '../keyset.ts'

export const administratorRole = 'admin'

/** SQL: the names of the roles of the user `u`. */
export const grantedRoles = `array(select r.name from user_roles ur join roles r on r.id = ur.role_id
  where ur.user_id = u.id order by r.name)`
/** SQL: the permissions that the roles of the user `u` grant together. */
export const grantedPermissions = `array(select distinct rp.permission from user_roles ur
  join role_permissions rp on rp.role_id = ur.role_id where ur.user_id = u.id order by rp.permission)`

export interface RoleRow extends Omit<Role, 'createdAt'> {
  readonly createdAt: Date
}

/** SQL: of the role `r`. */
export const roleColumns = `r.id, r.name, r.description, r.builtin, r.created_at as "createdAt",
  array(select permission from role_permissions where role_id = r.id order by permission) as permissions`

export const toRole = (row: RoleRow): Role => ({ ...row, createdAt: row.createdAt.toISOString() })

/** All roles with their permissions, newest first. */
export async function listRoles(db: Db, { limit, after }: PageQuery): Promise<Page<Role>> {
  const rows = await db.query<RoleRow>(
    `select ${roleColumns} from roles r where ${olderThan('r.id', '$1')} order by r.id desc limit $2`,
    [after ?? null, limit + 1],
  )
  return toPage(rows.map(toRole), limit)
}

/** Every permission that a role may grant, by name. */
export async function listPermissions(db: Db): Promise<PermissionRecord[]> {
  return await db.query<PermissionRecord>('select name, description from permissions order by name')
}

/** Those of these names that no role has. */
export async function findUnknownRoles(db: Db, names: readonly string[]): Promise<string[]> {
  const rows = await db.query<{ name: string }>('select name from roles where name = any($1::text[])', [names])
  return names.filter((name) => !rows.some((row) => row.name === name))
}

export interface UserRoles {
  readonly userId: string
  /** All of the user's roles, by name. */
  readonly roles: readonly string[]
  /** The permissions of whoever gives them. */
  readonly grantable?: ReadonlySet<Permission> | undefined
}

/** Nobody changes an account that may do more than they may. Throws `auth.grant_exceeded`. */
export async function requireManageable(
  tx: Db,
  { userId, grantable }: { readonly userId: string; readonly grantable: ReadonlySet<Permission> },
): Promise<void> {
  const exceeding = await tx.query(
    `select rp.permission from user_roles ur join role_permissions rp on rp.role_id = ur.role_id
     where ur.user_id = $1 and rp.permission <> all($2::text[]) limit 1`,
    [userId, [...grantable]],
  )
  if (exceeding.length > 0) throw new AppError('auth.grant_exceeded', { detail: 'This account may do more than you.' })
}

const faultsOf = (roles: readonly string[], isFaulty: (role: string) => boolean, message: string): FieldFault[] =>
  roles.flatMap((role, index) => (isFaulty(role) ? [{ path: `roles.${index}`, message }] : []))

/**
 * Gives a user exactly these roles. Throws `request.invalid` that names the places of unknown ones, and
 * `auth.grant_exceeded` those of added ones that grant more than `grantable`.
 */
export async function setUserRoles(tx: Db, { userId, roles, grantable }: UserRoles): Promise<void> {
  const known = await tx.query<{ id: string; name: string; exceeds: boolean }>(
    `select r.id, r.name, not exists (select from user_roles ur where ur.role_id = r.id and ur.user_id = $2)
       and exists (select from role_permissions rp where rp.role_id = r.id and rp.permission <> all($3::text[])) as exceeds
     from roles r where r.name = any($1::text[]) for key share of r`,
    [roles, userId, grantable === undefined ? null : [...grantable]],
  )
  const errors = faultsOf(roles, (role) => !known.some(({ name }) => name === role), 'is no role')
  if (errors.length > 0) throw new AppError('request.invalid', { detail: 'There is no such role.', errors })
  const exceeding = known.filter(({ exceeds }) => exceeds).map(({ name }) => name)
  if (exceeding.length > 0) {
    throw new AppError('auth.grant_exceeded', {
      detail: 'Leave out the roles that grant more than you may do.',
      errors: faultsOf(roles, (role) => exceeding.includes(role), 'grants what you may not do'),
    })
  }
  const roleIds = known.map(({ id }) => id)
  await tx.execute('delete from user_roles where user_id = $1 and role_id <> all($2::uuid[])', [userId, roleIds])
  await tx.execute('insert into user_roles (user_id, role_id) select $1, unnest($2::uuid[]) on conflict do nothing', [
    userId,
    roleIds,
  ])
}

/** True when an account that can sign in holds the administrators' role. */
async function hasActiveAdministrator(tx: Db): Promise<boolean> {
  const rows = await tx.query(
    `select 1 as found from user_roles ur join roles r on r.id = ur.role_id join users u on u.id = ur.user_id
     where r.name = $1 and u.disabled_at is null limit 1`,
    [administratorRole],
  )
  return rows.length > 0
}

/**
 * Runs a change that may take an administrator away. Such changes run one after the other, so that two administrators
 * can't remove each other. Throws `auth.last_administrator` when the change would leave none.
 */
export async function keepAnAdministrator<T>(db: Db, change: (tx: Db) => Promise<T>): Promise<T> {
  return await db.transaction(async (tx) => {
    await tx.execute('select id from roles where name = $1 for no key update', [administratorRole])
    const hadOne = await hasActiveAdministrator(tx)
    const result = await change(tx)
    if (hadOne && !(await hasActiveAdministrator(tx))) throw new AppError('auth.last_administrator')
    return result
  })
}
