// What administrators change about roles. It acts on the next request of everybody who has the role; nobody grants what they
// may not do themselves.
import { createRole as storeRole, deleteRole as removeRole, lockRole, updateRole } from '../../db/auth/role-changes.ts'
import type { Permission } from '../../domain/auth/permission.ts'
import type { CreateRole, PatchRole, Role } from '../../domain/auth/user.ts'
import type { Context } from '../../platform/platform.ts'
import { type Auditor, audited, fieldsOf } from '../audit/audited.ts'
import { requireGrantable } from './grantable.ts'

type RoleContext = Auditor & Pick<Context, 'db' | 'actor' | 'actors' | 'newResourceId'>

const grantsOf = (permissions: readonly Permission[] | undefined) =>
  permissions === undefined ? {} : { permissions: permissions.join(' ') }

/** Throws `auth.grant_exceeded`, `auth.role_taken`. */
export async function createRole(context: RoleContext, settings: CreateRole): Promise<Role> {
  requireGrantable(context.actor, settings.permissions, 'permissions')
  const id = context.newResourceId
  const { role } = await audited(
    context,
    (tx) => storeRole(tx, { ...settings, id }),
    ({ made }) =>
      made
        ? { action: 'role.create', resource: { type: 'role', id }, details: grantsOf(settings.permissions) }
        : undefined,
  )
  return role
}

/** Throws `resource.not_found`, `auth.grant_exceeded`, `auth.role_builtin`, `auth.role_in_use`, `auth.role_taken`. */
export async function changeRole(context: RoleContext, roleId: string, patch: PatchRole): Promise<Role> {
  return await context.actors.changing({ everybody: true }, () =>
    audited(
      context,
      async (tx) => {
        const role = await lockRole(tx, roleId)
        const added = patch.permissions?.filter((permission) => !role.permissions.includes(permission)) ?? []
        requireGrantable(context.actor, added, 'permissions')
        return await updateRole(tx, role, patch)
      },
      () => ({
        action: 'role.update',
        resource: { type: 'role', id: roleId },
        details: { fields: fieldsOf(patch), ...grantsOf(patch.permissions) },
      }),
    ),
  )
}

/** Throws `resource.not_found`, `auth.role_builtin`, `auth.role_in_use`. */
export async function deleteRole(context: RoleContext, roleId: string): Promise<void> {
  await context.actors.changing({ everybody: true }, () =>
    audited(
      context,
      async (tx) => removeRole(tx, await lockRole(tx, roleId)),
      () => ({ action: 'role.delete', resource: { type: 'role', id: roleId } }),
    ),
  )
}
