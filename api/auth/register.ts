// Makes an account with the role `user`. That an address is taken is told: whoever registers has to know.
import { createUser } from '../../db/auth/users.ts'
import type { Registration, User } from '../../domain/auth/user.ts'
import { AppError } from '../../domain/errors.ts'
import type { PublicContext } from '../../platform/platform.ts'
import { type Auditor, audited } from '../audit/audited.ts'
import { refuseCommonPassword } from './common-password.ts'

/** Throws `auth.registration_closed`, `request.invalid` for a common password, `auth.email_taken`, `auth.busy`. */
export async function register(
  context: Auditor & Pick<PublicContext, 'db' | 'config' | 'passwords' | 'newResourceId'>,
  { email, displayName, password }: Registration,
): Promise<User> {
  if (context.config.auth.registration === 'closed') throw new AppError('auth.registration_closed')
  refuseCommonPassword(password)
  const id = context.newResourceId
  const hashed = await context.passwords.hash(password)
  const { user } = await audited(
    context,
    (tx) => createUser(tx, { id, email, displayName, password: hashed }),
    ({ made }) =>
      made
        ? {
            action: 'user.create',
            actor: { type: 'user', id },
            resource: { type: 'user', id },
            personal: { email, displayName },
          }
        : undefined,
  )
  return user
}
