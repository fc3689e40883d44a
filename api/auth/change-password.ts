// A new password in place of the one before. Whoever changes it may fear that somebody else has the account open: every
// session, this one too, and every API key ends with it.
import { voidLinks } from '../../db/auth/password-links.ts'
import { findPassword, setPassword } from '../../db/auth/passwords.ts'
import type { ChangePassword } from '../../domain/auth/password.ts'
import { AppError } from '../../domain/errors.ts'
import type { Context } from '../../platform/platform.ts'
import { type Auditor, audited } from '../audit/audited.ts'
import { refuseCommonPassword } from './common-password.ts'

/** Throws `auth.no_password`, `auth.invalid_credentials`, `request.invalid` for a common password, and `auth.busy`. */
export async function changePassword(
  context: Auditor & Pick<Context, 'db' | 'actor' | 'actors' | 'passwords'>,
  { currentPassword, newPassword }: ChangePassword,
): Promise<void> {
  const { db, actors, passwords } = context
  const { userId } = context.actor
  const resource = { type: 'user', id: userId }
  const refusal = new AppError('auth.invalid_credentials', {
    detail: 'The current password is wrong.',
    attempt: { action: 'password.change', outcome: 'failure', resource, subjectId: userId },
  })
  const current = await findPassword(db, userId)
  if (current === undefined) {
    throw new AppError('auth.no_password', { detail: 'Have a link sent to set one: POST /auth/password/forgot.' })
  }
  refuseCommonPassword(newPassword, 'newPassword')
  if (!(await passwords.verify(currentPassword, current)).valid) throw refusal
  const password = await passwords.hash(newPassword)
  await actors.changing({ userIds: [userId] }, () =>
    audited(
      context,
      async (tx) => {
        const ended = await setPassword(tx, { userId, password, from: current.hash })
        if (ended === undefined) throw refusal
        await voidLinks(tx, userId)
        return ended
      },
      (ended) => ({ action: 'password.change', resource, details: { ...ended } }),
    ),
  )
}
