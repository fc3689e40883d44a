// An administrator's change of an account: its name, its roles, whether it may sign in. It acts on the next request.
import { type UserChange, updateUser as changeUser } from '../../db/auth/users.ts'
import type { Db } from '../../db/database.ts'
import type { User } from '../../domain/auth/user.ts'
import { lockActor } from '../../platform/auth/lock-actor.ts'
import type { Context } from '../../platform/platform.ts'
import { type Auditor, audited, fieldsOf } from '../audit/audited.ts'

/** Throws `resource.not_found`, `request.invalid` for an unknown role, `auth.grant_exceeded`, `auth.last_administrator`. */
export async function updateUser(
  context: Auditor & Pick<Context, 'db' | 'actor' | 'actors'>,
  change: UserChange,
): Promise<User> {
  const mayDoLess = change.patch.roles !== undefined || change.patch.disabled !== undefined
  const save = (): Promise<User> => saveUser(context, change)
  return mayDoLess ? await context.actors.changing({ userIds: [change.userId] }, save) : await save()
}

function saveUser(context: Auditor & Pick<Context, 'db' | 'actor'>, change: UserChange): Promise<User> {
  const { displayName, roles, disabled } = change.patch
  const isOwnName = context.actor.userId === change.userId && roles === undefined && disabled === undefined
  const permissionsOf = async (tx: Db) =>
    (await lockActor(tx, context.actor, isOwnName ? undefined : 'user:write')).permissions
  return audited(
    context,
    (tx) => changeUser(tx, { ...change, permissionsOf }),
    ({ id }) => ({
      action: 'user.update',
      resource: { type: 'user', id },
      details: {
        fields: fieldsOf(change.patch),
        ...(roles === undefined ? {} : { roles: roles.join(' ') }),
        ...(disabled === undefined ? {} : { disabled }),
      },
      personal: { displayName },
      subjectId: id,
    }),
  )
}
