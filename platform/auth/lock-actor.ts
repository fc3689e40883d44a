// Who acts, as one transaction sees it: for changes that grant something. A request may have been let in long before it got
// so far, and what it was let in by may have ended meanwhile.
import { findKeyActor } from '../../db/auth/api-keys.ts'
import { findActor } from '../../db/auth/sessions.ts'
import { lockUser } from '../../db/auth/users.ts'
import type { Db } from '../../db/database.ts'
import type { Permission } from '../../domain/auth/permission.ts'
import { AppError } from '../../domain/errors.ts'
import type { Actor } from './actor.ts'
import { scopedPermissions } from './remembered-actor.ts'

async function find(tx: Db, { userId, sessionId, apiKeyId }: Actor): Promise<Actor | undefined> {
  if (sessionId !== undefined) {
    const found = await findActor(tx, { userId, sessionId })
    return found && { ...found, permissions: new Set(found.permissions) }
  }
  const found = apiKeyId === undefined ? undefined : await findKeyActor(tx, apiKeyId)
  return found && { ...found, apiKeyId, permissions: scopedPermissions(found, found.permissions) }
}

/**
 * The actor with what they may now. No change of the account, which ends its sessions and keys, commits before the
 * transaction ends. Throws `auth.unauthenticated` when one has, and `auth.forbidden` without the permission that it `needs`.
 */
export async function lockActor(tx: Db, actor: Actor, needs?: Permission): Promise<Actor> {
  await lockUser(tx, actor.userId)
  // A statement of its own: it sees what the one before has waited for.
  const found = await find(tx, actor)
  if (found === undefined) throw new AppError('auth.unauthenticated')
  if (needs !== undefined && !found.permissions.has(needs)) throw new AppError('auth.forbidden')
  return found
}
