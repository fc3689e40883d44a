// One account, for those who may read users.
import { getUser as findUser } from '../../db/auth/users.ts'
import type { User } from '../../domain/auth/user.ts'
import type { Context } from '../../platform/platform.ts'

/** Throws `resource.not_found`. */
export async function getUser({ db }: Pick<Context, 'db'>, userId: string): Promise<User> {
  return await findUser(db, userId)
}
