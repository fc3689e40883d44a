// Nobody hands on what they may not do themselves: else whoever may change roles, or make keys, may do everything.
import type { Permission } from '../../domain/auth/permission.ts'
import { AppError } from '../../domain/errors.ts'
import type { Actor } from '../../platform/auth/actor.ts'

/** `field` is where they were named. Throws `auth.grant_exceeded` with the places of those that the actor lacks. */
export function requireGrantable(
  { permissions }: Pick<Actor, 'permissions'>,
  granted: readonly Permission[],
  field: string,
): void {
  const errors = granted.flatMap((permission, index) =>
    permissions.has(permission) ? [] : [{ path: `${field}.${index}`, message: 'is a permission that you don’t have' }],
  )
  if (errors.length === 0) return
  throw new AppError('auth.grant_exceeded', { detail: 'Leave out the permissions that you don’t have.', errors })
}
