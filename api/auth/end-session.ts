// Ends one of the caller’s own sessions, such as that of a lost device.
import { findActor, revokeSession } from '../../db/auth/sessions.ts'
import { AppError } from '../../domain/errors.ts'
import type { Context } from '../../platform/platform.ts'
import { type Auditor, audited } from '../audit/audited.ts'

const noSession = (): AppError => new AppError('resource.not_found', { detail: 'There is no such session.' })

/** Throws `resource.not_found` for one that has ended, or is somebody else’s. */
export async function endSession(
  context: Auditor & Pick<Context, 'db' | 'actor' | 'actors'>,
  sessionId: string,
): Promise<void> {
  const { userId } = context.actor
  // What isn’t theirs isn’t marked.
  if ((await findActor(context.db, { userId, sessionId })) === undefined) throw noSession()
  await context.actors.changing({ sessionIds: [sessionId] }, () =>
    audited(
      context,
      async (tx) => {
        if (await revokeSession(tx, { userId, sessionId })) return
        throw noSession()
      },
      () => ({ action: 'session.revoke', resource: { type: 'session', id: sessionId } }),
    ),
  )
}
