// What everybody may change about their own account: the name that others see, and nothing that grants anything.
import type { PatchMe, User } from '../../domain/auth/user.ts'
import type { Context } from '../../platform/platform.ts'
import type { Auditor } from '../audit/audited.ts'
import { updateUser } from './update-user.ts'

export async function updateMe(
  context: Auditor & Pick<Context, 'db' | 'actor' | 'actors'>,
  { displayName }: PatchMe,
): Promise<User> {
  return await updateUser(context, { userId: context.actor.userId, patch: { displayName } })
}
