// Makes an account with the role `user`. That an address is taken is told: whoever registers has to know.
import { createUser } from '../../db/auth/users.ts'
import type { Registration, User } from '../../domain/auth/user.ts'
import { AppError } from '../../domain/errors.ts'
import { isCommonPassword } from '../../platform/passwords.ts'
import type { PublicContext } from '../../platform/platform.ts'

/** Throws `request.invalid` for a common password, `auth.email_taken`, `auth.busy`. */
export async function register(
  { db, passwords, newResourceId }: Pick<PublicContext, 'db' | 'passwords' | 'newResourceId'>,
  { email, displayName, password }: Registration,
): Promise<User> {
  refuseCommonPassword(password)
  const { hash, pepperId } = await passwords.hash(password)
  return await createUser(db, { id: newResourceId, email, displayName, passwordHash: hash, pepperId })
}

function refuseCommonPassword(password: string): void {
  if (!isCommonPassword(password)) return
  throw new AppError('request.invalid', {
    detail: 'This password is on the lists that guessing starts with: choose another one.',
    errors: [{ path: 'password', message: 'is too common' }],
  })
}
