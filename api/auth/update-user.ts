// An administrator's change of an account: its name, its roles, whether it may sign in. It acts on the next request,
// because every request reads the account anew.
import { type UserChange, updateUser as changeUser } from '../../db/auth/users.ts'
import type { User } from '../../domain/auth/user.ts'
import type { Context } from '../../platform/platform.ts'

/** Throws `resource.not_found`, `request.invalid` for an unknown role, `auth.last_administrator`. */
export async function updateUser({ db }: Pick<Context, 'db'>, change: UserChange): Promise<User> {
  return await changeUser(db, change)
}
