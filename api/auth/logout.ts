// Ends the caller's session: its access token is refused from the next request on.
import { revokeSession } from '../../db/auth/sessions.ts'
import type { Context } from '../../platform/platform.ts'
import { type Auditor, audited } from '../audit/audited.ts'

export async function logout(context: Auditor & Pick<Context, 'db' | 'actor'>): Promise<void> {
  const { sessionId } = context.actor
  await audited(
    context,
    (tx) => revokeSession(tx, sessionId),
    (revoked) => (revoked ? { action: 'auth.logout', resource: { type: 'session', id: sessionId } } : undefined),
  )
}
