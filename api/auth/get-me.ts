// The caller's own account with everything that its roles grant now.
import { getUser } from '../../db/auth/users.ts'
import type { User } from '../../domain/auth/user.ts'
import type { Context } from '../../platform/platform.ts'

export async function getMe({ db, actor }: Pick<Context, 'db' | 'actor'>): Promise<User> {
  return await getUser(db, actor.userId)
}
