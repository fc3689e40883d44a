// A change and its event in the audit log, in one transaction: neither is there without the other.
// A stand-in until the log is there: it adds the actor and the request alone.
import { appendAuditEvent } from '../../db/audit/events.ts'
import type { Db } from '../../db/database.ts'
import type { AuditEventInput } from '../../domain/audit/event.ts'
import type { Context } from '../../platform/platform.ts'

type AuditedEvent = Omit<AuditEventInput, 'actor' | 'requestId'>

/** `describe` gives undefined when nothing was changed. */
export function audited<T>(
  { db, actor, requestId }: Pick<Context, 'db' | 'actor' | 'requestId'>,
  work: (tx: Db) => Promise<T>,
  describe: (result: T) => AuditedEvent | undefined,
): Promise<T> {
  return db.transaction(async (tx) => {
    const result = await work(tx)
    const event = describe(result)
    const who = { type: 'user', id: actor.userId, sessionId: actor.sessionId } as const
    if (event !== undefined) await appendAuditEvent(tx, { ...event, actor: who, requestId })
    return result
  })
}
