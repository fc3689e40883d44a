// A mail with a link, for whoever has forgotten a password. The answer and the work before it are the same for every address,
// so that nobody learns which are registered; what differs comes after the answer.
import { createResetLink } from '../../db/auth/password-links.ts'
import type { ForgotPassword } from '../../domain/auth/password.ts'
import type { PublicContext } from '../../platform/platform.ts'
import { type WorkflowStarter, startCommitted } from '../../platform/temporal/start-workflow.ts'
import { sendPasswordMailStart } from '../../workflows/auth/messages.ts'
import { type Auditor, audited } from '../audit/audited.ts'
import { namedAccount } from './named-account.ts'
import { newLink } from './new-link.ts'

type ForgetContext = Auditor & WorkflowStarter & Pick<PublicContext, 'db' | 'keys' | 'rateLimits'>

/** Resolves in any case; beyond the limit of an account no mail is sent. */
export async function forgotPassword(context: ForgetContext, { email }: ForgotPassword): Promise<void> {
  const { keys, rateLimits } = context
  // By the address, which is one account's or nobody's: so it is counted, and kept silent, either way.
  const { isExceeded } = await rateLimits.consume('password-mail', email)
  const link = newLink(keys)
  const { userId, made } = await audited(
    context,
    (tx) => createResetLink(tx, { ...link, email, allowed: !isExceeded }),
    ({ userId }) => ({ action: 'password.forget', ...namedAccount(keys, { email, userId }) }),
  )
  if (made && userId !== undefined) void startCommitted(context, sendPasswordMailStart({ linkId: link.id }, userId))
}
