// What everybody may change about their own account: the name that others see, and nothing that grants anything.
import { updateUser } from '../../db/auth/users.ts'
import type { PatchMe, User } from '../../domain/auth/user.ts'
import type { Context } from '../../platform/platform.ts'

export async function updateMe({ db, actor }: Pick<Context, 'db' | 'actor'>, { displayName }: PatchMe): Promise<User> {
  return await updateUser(db, { userId: actor.userId, patch: { displayName } })
}
