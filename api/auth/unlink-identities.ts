// Takes from an account who signs in to it by OpenID Connect: for somebody whom the provider knows by another subject since.
// Who the next one is, the account’s address alone says: so it takes an administrator.
import { unlinkIdentities as unlink } from '../../db/auth/identities.ts'
import { requireManageable } from '../../db/auth/roles.ts'
import { lockActor } from '../../platform/auth/lock-actor.ts'
import type { Context } from '../../platform/platform.ts'
import { type Auditor, audited } from '../audit/audited.ts'

/** Does nothing, and tells so, where there is none. Throws `resource.not_found`, `auth.grant_exceeded`. */
export async function unlinkIdentities(
  context: Auditor & Pick<Context, 'db' | 'actor' | 'actors'>,
  userId: string,
): Promise<void> {
  await context.actors.changing({ userIds: [userId] }, () =>
    audited(
      context,
      async (tx) => {
        const { permissions: grantable } = await lockActor(tx, context.actor, 'user:write')
        await requireManageable(tx, { userId, grantable })
        return await unlink(tx, userId)
      },
      (details) => ({
        action: 'identity.delete',
        resource: { type: 'user', id: userId },
        details: { ...details },
        subjectId: userId,
      }),
    ),
  )
}
