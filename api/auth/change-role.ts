// What administrators change about roles. It acts on the next request of everybody who has the role; nobody grants what they
// may not do themselves.
import {
  createRole as storeRole,
  deleteRole as removeRole,
  getRole,
  lockRole,
  updateRole,
} from '../../db/auth/role-changes.ts'
import type { Db } from '../../db/database.ts'
import type { Permission } from '../../domain/auth/permission.ts'
import type { CreateRole, PatchRole, Role } from '../../domain/auth/user.ts'
import { AppError } from '../../domain/errors.ts'
import { lockActor } from '../../platform/auth/lock-actor.ts'
import type { Actor } from '../../platform/auth/actor.ts'
import type { Context } from '../../platform/platform.ts'
import { type Auditor, audited, fieldsOf } from '../audit/audited.ts'
import { requireGrantable } from './grantable.ts'

type RoleContext = Auditor & Pick<Context, 'db' | 'actor' | 'actors' | 'newResourceId'>

const grantsOf = (permissions: readonly Permission[] | undefined) =>
  permissions === undefined ? {} : { permissions: permissions.join(' ') }

/** Throws `auth.grant_exceeded`, `auth.role_taken`. */
export async function createRole(context: RoleContext, settings: CreateRole): Promise<Role> {
  const id = context.newResourceId
  const { role } = await audited(
    context,
    async (tx) => {
      requireGrantable(await lockActor(tx, context.actor, 'user:write'), settings.permissions, 'permissions')
      return await storeRole(tx, { ...settings, id })
    },
    ({ made }) =>
      made
        ? { action: 'role.create', resource: { type: 'role', id }, details: grantsOf(settings.permissions) }
        : undefined,
  )
  return role
}

/** The role, which grants nothing that the actor may not do. Throws `resource.not_found`, `auth.grant_exceeded`. */
async function lockManageable(tx: Db, roleId: string, { permissions }: Actor): Promise<Role> {
  const role = await lockRole(tx, roleId)
  if (role.permissions.every((permission) => permissions.has(permission as Permission))) return role
  throw new AppError('auth.grant_exceeded', { detail: 'This role grants more than you may do.' })
}

/** Throws `resource.not_found`, `auth.grant_exceeded`, `auth.role_builtin`, `auth.role_in_use`, `auth.role_taken`. */
export async function changeRole(context: RoleContext, roleId: string, patch: PatchRole): Promise<Role> {
  await getRole(context.db, roleId)
  return await context.actors.changing({ everybody: true }, () =>
    audited(
      context,
      async (tx) => {
        const actor = await lockActor(tx, context.actor, 'user:write')
        requireGrantable(actor, patch.permissions ?? [], 'permissions')
        return await updateRole(tx, await lockManageable(tx, roleId, actor), patch)
      },
      () => ({
        action: 'role.update',
        resource: { type: 'role', id: roleId },
        details: { fields: fieldsOf(patch), ...grantsOf(patch.permissions) },
      }),
    ),
  )
}

/** Throws `resource.not_found`, `auth.grant_exceeded`, `auth.role_builtin`, `auth.role_in_use`. */
export async function deleteRole(context: RoleContext, roleId: string): Promise<void> {
  await getRole(context.db, roleId)
  await context.actors.changing({ everybody: true }, () =>
    audited(
      context,
      async (tx) => removeRole(tx, await lockManageable(tx, roleId, await lockActor(tx, context.actor, 'user:write'))),
      () => ({ action: 'role.delete', resource: { type: 'role', id: roleId } }),
    ),
  )
}
