// Roles with what they grant, and the permissions that roles can grant.
import { listPermissions as allPermissions, listRoles as listRolePage } from '../../db/auth/roles.ts'
import type { PermissionRecord, Role } from '../../domain/auth/user.ts'
import type { Page, PageQuery } from '../../domain/resource.ts'
import type { Context } from '../../platform/platform.ts'

export async function listRoles({ db }: Pick<Context, 'db'>, query: PageQuery): Promise<Page<Role>> {
  return await listRolePage(db, query)
}

/** The whole list as one page: a release has a fixed number of permissions. */
export async function listPermissions({ db }: Pick<Context, 'db'>): Promise<Page<PermissionRecord>> {
  return { data: await allPermissions(db), hasMore: false, nextCursor: null }
}
