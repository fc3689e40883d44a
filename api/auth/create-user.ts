// An administrator makes an account for somebody else, who sets its password by a link that is mailed to them.
import { createInviteLink } from '../../db/auth/password-links.ts'
import { createUser as storeUser } from '../../db/auth/users.ts'
import type { CreateUser, User } from '../../domain/auth/user.ts'
import { lockActor } from '../../platform/auth/lock-actor.ts'
import type { Context } from '../../platform/platform.ts'
import { type WorkflowStarter, startCommitted } from '../../platform/temporal/start-workflow.ts'
import { sendPasswordMailStart } from '../../workflows/auth/messages.ts'
import { type Auditor, audited } from '../audit/audited.ts'
import { newLink } from './new-link.ts'

type MakingContext = Auditor & WorkflowStarter & Pick<Context, 'db' | 'actor' | 'keys' | 'newResourceId'>

/** Throws `auth.email_taken`, `request.invalid` for an unknown role, and `auth.grant_exceeded`. */
export async function createUser(
  context: MakingContext,
  { email, displayName, roles = ['user'] }: CreateUser,
): Promise<User> {
  const { actor, keys, newResourceId: id } = context
  const link = newLink(keys)
  const { user, made } = await audited(
    context,
    async (tx) => {
      const { permissions: grantable } = await lockActor(tx, actor, 'user:write')
      const stored = await storeUser(tx, { id, email, displayName, roles, grantable })
      if (stored.made) await createInviteLink(tx, { ...link, userId: id })
      return stored
    },
    ({ made }) =>
      made
        ? {
            action: 'user.create',
            resource: { type: 'user', id },
            details: { roles: roles.join(' ') },
            subjectId: id,
            personal: { email, displayName },
          }
        : undefined,
  )
  if (made) void startCommitted(context, sendPasswordMailStart({ linkId: link.id }, id))
  return user
}
