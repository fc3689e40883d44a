// A change and its audit event in one transaction: neither is ever there without the other. Who, from where, and in which
// request come from the context, so that no use case can forget or forge them.
import { appendAuditEvent } from '../../db/audit/events.ts'
import type { Db } from '../../db/database.ts'
import type { AuditEventInput } from '../../domain/audit/event.ts'
import type { Actor } from '../../platform/auth/actor.ts'
import type { PublicContext } from '../../platform/platform.ts'

export type Auditor = Pick<PublicContext, 'requestId' | 'ip' | 'userAgent'> & { readonly actor?: Actor | undefined }

/** What a use case tells of its change; the rest is the context's. */
export interface AuditedChange extends Omit<AuditEventInput, 'outcome' | 'actor' | 'requestId'> {
  readonly outcome?: AuditEventInput['outcome']
  /** Of a public route, whose context has no actor: who it turned out to be. */
  readonly actor?: AuditEventInput['actor']
}

/** The names of what a patch changes: values may be anything, names are ours. */
export const fieldsOf = (patch: object): string =>
  Object.entries(patch)
    .flatMap(([name, value]) => (value === undefined ? [] : [name]))
    .sort()
    .join(' ')

/** How the log names who acts. */
export const auditActorOf = ({ userId, sessionId, apiKeyId }: Actor) =>
  ({ type: 'user', id: userId, sessionId, apiKeyId }) as const

/** The whole event of a change, in this request. */
export function eventOf(context: Auditor, change: AuditedChange): AuditEventInput {
  const { actor, requestId, ip, userAgent } = context
  const known = actor && auditActorOf(actor)
  const who = change.actor ?? known ?? { type: 'anonymous' as const }
  return {
    outcome: 'success',
    ...change,
    actor: who,
    requestId,
    subjectId: change.subjectId ?? (who.type === 'user' ? who.id : undefined),
    personal: { ip, userAgent, ...change.personal },
  }
}

/**
 * Runs `work` in one transaction and appends what `describe` makes of its result; undefined: nothing has changed, and
 * nothing is told. When the event can't be written, the change is undone and this rejects.
 */
export function audited<T>(
  context: Auditor & { readonly db: Db },
  work: (tx: Db) => Promise<T>,
  describe: (result: T) => AuditedChange | undefined,
): Promise<T> {
  return context.db.transaction(async (tx) => {
    const result = await work(tx)
    const change = describe(result)
    if (change !== undefined) await appendAuditEvent(tx, eventOf(context, change))
    return result
  })
}
