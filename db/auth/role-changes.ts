// Roles that administrators make and change. The built-in ones keep their names, and the administrators’ keeps everything:
// whatever is changed, somebody can change it back.
import type { CreateRole, PatchRole, Role } from '../../domain/auth/user.ts'
import { AppError } from '../../domain/errors.ts'
import { type Db, firstOrNotFound } from '../database.ts'
import { administratorRole, type RoleRow, roleColumns, toRole } from './roles.ts'

/** Throws `resource.not_found`. */
export async function getRole(db: Db, roleId: string): Promise<Role> {
  const rows = await db.query<RoleRow>(`select ${roleColumns} from roles r where r.id = $1`, [roleId])
  return toRole(firstOrNotFound(rows, 'role'))
}

async function grant(tx: Db, roleId: string, permissions: readonly string[]): Promise<void> {
  await tx.execute('delete from role_permissions where role_id = $1 and permission <> all($2::text[])', [
    roleId,
    permissions,
  ])
  await tx.execute(
    'insert into role_permissions (role_id, permission) select $1, unnest($2::text[]) on conflict do nothing',
    [roleId, permissions],
  )
}

/** The same id and name again changes nothing (`made` is false). Throws `auth.role_taken`. */
export async function createRole(
  tx: Db,
  { id, name, description, permissions }: CreateRole & { readonly id: string },
): Promise<{ readonly role: Role; readonly made: boolean }> {
  const inserted = await tx.query(
    `insert into roles (id, name, description, builtin) values ($1, $2, $3, false)
     on conflict do nothing returning id`,
    [id, name, description],
  )
  const made = inserted.length > 0
  if (made) await grant(tx, id, permissions)
  else if ((await tx.query('select id from roles where id = $1 and name = $2', [id, name])).length === 0)
    throw new AppError('auth.role_taken')
  return { role: await getRole(tx, id), made }
}

/** The role, which nobody else changes until the transaction ends. Throws `resource.not_found`. */
export async function lockRole(tx: Db, roleId: string): Promise<Role> {
  await tx.query('select id from roles where id = $1 for no key update', [roleId])
  return await getRole(tx, roleId)
}

/** Policies of approvals name roles: one whose name is gone would leave nobody to decide. Throws `auth.role_in_use`. */
async function requireUnnamed(tx: Db, name: string): Promise<void> {
  const named = await tx.query(
    `select id from approval_policies where $1 = any(approver_roles)
       or exists (select from jsonb_array_elements(escalation) step where step->'roles' ? $1) limit 1`,
    [name],
  )
  if (named.length > 0) throw new AppError('auth.role_in_use')
}

/** Throws `auth.role_builtin`, `auth.role_in_use` for another name, `auth.role_taken`. */
export async function updateRole(tx: Db, role: Role, patch: PatchRole): Promise<Role> {
  const { name, description, permissions } = patch
  const isRenamed = name !== undefined && name !== role.name
  if ((isRenamed && role.builtin) || (role.name === administratorRole && permissions !== undefined))
    throw new AppError('auth.role_builtin')
  if (isRenamed) await requireUnnamed(tx, role.name)
  const taken = await tx.query('select id from roles where name = $1 and id <> $2', [name ?? role.name, role.id])
  if (taken.length > 0) throw new AppError('auth.role_taken')
  await tx.execute(
    'update roles set name = coalesce($2, name), description = coalesce($3, description) where id = $1',
    [role.id, name ?? null, description ?? null],
  )
  if (permissions !== undefined) await grant(tx, role.id, permissions)
  return await getRole(tx, role.id)
}

/** Takes the role from everybody who has it. Throws `auth.role_builtin`, `auth.role_in_use`. */
export async function deleteRole(tx: Db, role: Role): Promise<void> {
  if (role.builtin) throw new AppError('auth.role_builtin')
  await requireUnnamed(tx, role.name)
  await tx.execute('delete from roles where id = $1', [role.id])
}
