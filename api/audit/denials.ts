// Tells the audit log of refused requests: one event each, written before the caller is answered. A flood can't fill the
// log with itself: beyond a number in each window, the refusals of one caller are counted, and the count is one event.
import { appendAuditEvent } from '../../db/audit/events.ts'
import type { AuditAttempt, AuditEventInput } from '../../domain/audit/event.ts'
import type { Actor } from '../../platform/auth/actor.ts'
import type { Platform, RequestScope } from '../../platform/platform.ts'
import { auditActorOf } from './audited.ts'
import { type CountedCaller, type DenialLimits, createDenialTally } from './denial-tally.ts'

export interface Denial extends Pick<RequestScope, 'requestId' | 'ip' | 'userAgent'> {
  readonly actor: Actor | undefined
  /** Method and pattern: `GET /api/v1/users/{userId}`. */
  readonly route: string
  /** The error's. */
  readonly code: string
  readonly attempt: AuditAttempt | undefined
  /** The ids that the path names, by the parameter's name. */
  readonly ids: Readonly<Record<string, string>>
}

export interface Denials {
  /** Rejects when the event can't be written. */
  record(denial: Denial): Promise<void>
  /** Writes what was only counted so far; for the end of the process. */
  settle(): Promise<void>
}

/**
 * At most 20 events an anonymous second whatever comes, so 1.7 million rows a day. Refused sign-ins aren't counted
 * together: hashing a password bounds them already, and each may name another account.
 */
const defaultLimits: DenialLimits = { windowMs: 10_000, ofOne: 20, ofAnonymous: 200 }

const actorOf = (actor: Actor | undefined): AuditEventInput['actor'] =>
  actor === undefined ? { type: 'anonymous' } : auditActorOf(actor)

const eventOf = ({ actor, route, code, attempt, ids, requestId, ip, userAgent }: Denial): AuditEventInput => ({
  action: 'request.deny',
  outcome: 'denied',
  resource: { type: 'route', id: route },
  ...(Object.keys(ids).length === 0 ? {} : { details: ids }),
  ...attempt,
  actor: actorOf(actor),
  requestId,
  reason: code,
  subjectId: actor?.userId ?? attempt?.subjectId,
  personal: { ip, userAgent },
})

const countOf = ({ actor, ip, counted }: CountedCaller, windowMs: number): AuditEventInput => ({
  action: 'request.deny',
  outcome: 'denied',
  actor: actorOf(actor),
  resource: { type: 'route' },
  details: { count: counted, windowSeconds: windowMs / 1_000 },
  subjectId: actor?.userId,
  personal: { ip },
})

export function createDenials(
  { db, log }: Pick<Platform, 'db' | 'log'>,
  limits: DenialLimits = defaultLimits,
): Denials {
  const tally = createDenialTally(limits)
  let timer: NodeJS.Timeout | undefined
  const append = (event: AuditEventInput): Promise<unknown> => db.transaction((tx) => appendAuditEvent(tx, event))
  const startWindow = (): void => {
    timer ??= setTimeout(() => void endWindow(), limits.windowMs).unref()
  }
  const endWindow = async (): Promise<void> => {
    clearTimeout(timer)
    timer = undefined
    for (const caller of tally.take()) {
      try {
        await append(countOf(caller, limits.windowMs))
      } catch (error) {
        log.error({ err: error, count: caller.counted }, 'refused requests were counted, but the count wasn’t written')
        tally.putBack(caller)
        startWindow()
      }
    }
  }
  return {
    record: async (denial) => {
      startWindow()
      if (denial.attempt !== undefined || tally.admit(denial)) await append(eventOf(denial))
    },
    settle: endWindow,
  }
}
