// All accounts, for those who may read users.
import { listUsers as listUserPage } from '../../db/auth/users.ts'
import type { User } from '../../domain/auth/user.ts'
import type { Page, PageQuery } from '../../domain/resource.ts'
import type { Context } from '../../platform/platform.ts'

export async function listUsers({ db }: Pick<Context, 'db'>, query: PageQuery): Promise<Page<User>> {
  return await listUserPage(db, query)
}
