// A password by a link from a mail, for an account that has forgotten its own or never had one. Whoever holds the link reads
// the account's mail; whatever was open ends.
import { findLinkedUser, useLink, voidLinks } from '../../db/auth/password-links.ts'
import { isAddressProven, setPassword } from '../../db/auth/passwords.ts'
import { reclaim } from '../../db/auth/reclaim.ts'
import type { ResetPassword } from '../../domain/auth/password.ts'
import { AppError } from '../../domain/errors.ts'
import { hashOfLinkToken } from '../../platform/auth/password-links.ts'
import type { PublicContext } from '../../platform/platform.ts'
import { type Auditor, audited } from '../audit/audited.ts'
import { refuseCommonPassword } from './common-password.ts'

/**
 * Throws `auth.link_invalid` whatever is wrong with the link or its account, `request.invalid` for a common password, and
 * `auth.busy`.
 */
export async function resetPassword(
  context: Auditor & Pick<PublicContext, 'db' | 'actors' | 'passwords'>,
  { token, newPassword }: ResetPassword,
): Promise<void> {
  const { db, actors, passwords } = context
  refuseCommonPassword(newPassword, 'newPassword')
  const tokenHash = hashOfLinkToken(token)
  const userId = await findLinkedUser(db, tokenHash)
  if (userId === undefined) throw new AppError('auth.link_invalid')
  const password = await passwords.hash(newPassword)
  await actors.changing({ userIds: [userId] }, () =>
    audited(
      context,
      async (tx) => {
        // Whoever has had the account so far may be somebody who registered with an address that isn’t theirs.
        const isProven = await isAddressProven(tx, userId)
        const ended = await setPassword(tx, { userId, password })
        const purpose = ended && (await useLink(tx, { userId, tokenHash }))
        if (purpose === undefined) throw new AppError('auth.link_invalid')
        await voidLinks(tx, userId)
        return { ...ended, purpose, ...(!isProven && { reclaimed: true, ...(await reclaim(tx, userId)) }) }
      },
      (details) => ({
        action: 'password.reset',
        actor: { type: 'user', id: userId },
        resource: { type: 'user', id: userId },
        details,
      }),
    ),
  )
}
