// Ends the caller's session: its access token is refused from the next request on.
import { revokeSession } from '../../db/auth/sessions.ts'
import type { Context } from '../../platform/platform.ts'

export async function logout({ db, actor }: Pick<Context, 'db' | 'actor'>): Promise<void> {
  await revokeSession(db, actor.sessionId)
}
