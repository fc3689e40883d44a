// Makes an account with the role `user`. That an address is taken is told: whoever registers has to know.
import { createUser } from '../../db/auth/users.ts'
import type { Registration, User } from '../../domain/auth/user.ts'
import { AppError } from '../../domain/errors.ts'
import { isCommonPassword } from '../../platform/passwords.ts'
import type { PublicContext } from '../../platform/platform.ts'
import { type Auditor, audited } from '../audit/audited.ts'

/** Throws `request.invalid` for a common password, `auth.email_taken`, `auth.busy`. */
export async function register(
  context: Auditor & Pick<PublicContext, 'db' | 'passwords' | 'newResourceId'>,
  { email, displayName, password }: Registration,
): Promise<User> {
  refuseCommonPassword(password)
  const id = context.newResourceId
  const { hash, pepperId } = await context.passwords.hash(password)
  const { user } = await audited(
    context,
    (tx) => createUser(tx, { id, email, displayName, passwordHash: hash, pepperId }),
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

function refuseCommonPassword(password: string): void {
  if (!isCommonPassword(password)) return
  throw new AppError('request.invalid', {
    detail: 'This password is on the lists that guessing starts with: choose another one.',
    errors: [{ path: 'password', message: 'is too common' }],
  })
}
