// A use case that changes something, and its audit event, in one transaction.
import { appendAuditEvent } from '../../db/audit/events.ts'
import type { Db } from '../../db/database.ts'
import type { AuditEventInput } from '../../domain/audit/event.ts'
import type { Context } from '../../platform/platform.ts'

/** `describe` gives the event of a result; undefined: nothing has changed, and nothing is appended. */
export function audited<T>(
  context: Pick<Context, 'db' | 'actor' | 'requestId' | 'ip' | 'userAgent'>,
  work: (tx: Db) => Promise<T>,
  describe: (result: T) => Omit<AuditEventInput, 'actor' | 'requestId'> | undefined,
): Promise<T> {
  const { db, actor, requestId } = context
  return db.transaction(async (tx) => {
    const result = await work(tx)
    const event = describe(result)
    if (event !== undefined) {
      const { userId: id, sessionId } = actor
      await appendAuditEvent(tx, { ...event, actor: { type: 'user', id, sessionId }, requestId })
    }
    return result
  })
}
