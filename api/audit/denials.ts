// Tells the audit log of refused requests: one event each, written before the caller is answered. A flood can't fill the
// log with itself: beyond a number in each window, the refusals of one caller are counted, and the count is one event.
import { appendAuditEvent } from '../../db/audit/events.ts'
import type { AuditAttempt, AuditEventInput } from '../../domain/audit/event.ts'
import type { Actor, Platform, RequestScope } from '../../platform/platform.ts'
import { addressPrefix } from './address-prefix.ts'

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

export interface DenialLimits {
  readonly windowMs: number
  /** Refusals of one account, or of one address prefix, that get an event of their own in a window. */
  readonly ofOne: number
  /** Those of all callers without an account together. */
  readonly ofAnonymous: number
}

/**
 * At most 20 events an anonymous second whatever comes, so 1.7 million rows a day. Refused sign-ins aren't counted
 * together: hashing a password bounds them already, and each may name another account.
 */
const defaultLimits: DenialLimits = { windowMs: 10_000, ofOne: 20, ofAnonymous: 200 }

function eventOf({ actor, route, code, attempt, ids, requestId, ip, userAgent }: Denial): AuditEventInput {
  return {
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
  }
}

const actorOf = (actor: Actor | undefined): AuditEventInput['actor'] =>
  actor === undefined ? { type: 'anonymous' } : { type: 'user', id: actor.userId, sessionId: actor.sessionId }

interface Caller {
  /** Of one account or one address prefix; of every anonymous caller beyond the common limit. */
  readonly actor: Actor | undefined
  readonly ip: string | undefined
  own: number
  counted: number
}

export function createDenials(
  { db, log }: Pick<Platform, 'db' | 'log'>,
  limits: DenialLimits = defaultLimits,
): Denials {
  let callers = new Map<string, Caller>()
  let anonymous = 0
  let timer: NodeJS.Timeout | undefined

  const append = (event: AuditEventInput): Promise<unknown> => db.transaction((tx) => appendAuditEvent(tx, event))

  const appendCount = ({ actor, ip, counted }: Caller): Promise<unknown> =>
    append({
      action: 'request.deny',
      outcome: 'denied',
      actor: actorOf(actor),
      resource: { type: 'route' },
      details: { count: counted, windowSeconds: limits.windowMs / 1_000 },
      subjectId: actor?.userId,
      personal: { ip },
    })

  /** What can't be written stays counted. */
  const flush = async (): Promise<void> => {
    clearTimeout(timer)
    timer = undefined
    const full = [...callers].filter(([, caller]) => caller.counted > 0)
    callers = new Map()
    anonymous = 0
    for (const [key, caller] of full) {
      try {
        await appendCount(caller)
      } catch (error) {
        log.error({ err: error, count: caller.counted }, 'refused requests were counted, but the count wasn’t written')
        const now = callers.get(key)
        callers.set(key, now === undefined ? { ...caller, own: 0 } : { ...now, counted: now.counted + caller.counted })
        timer ??= setTimeout(() => void flush(), limits.windowMs).unref()
      }
    }
  }

  const callerOf = ({ actor, ip }: Denial): Caller => {
    const isBeyond = actor === undefined && anonymous >= limits.ofAnonymous
    const key = actor?.userId ?? (isBeyond ? '' : addressPrefix(ip))
    const known = callers.get(key) ?? {
      actor,
      ip: isBeyond ? undefined : ip,
      own: isBeyond ? limits.ofOne : 0,
      counted: 0,
    }
    callers.set(key, known)
    return known
  }

  return {
    record: async (denial) => {
      if (denial.attempt === undefined) {
        timer ??= setTimeout(() => void flush(), limits.windowMs).unref()
        const caller = callerOf(denial)
        if (caller.own >= limits.ofOne) {
          caller.counted += 1
          return
        }
        caller.own += 1
        if (denial.actor === undefined) anonymous += 1
      }
      await append(eventOf(denial))
    },
    settle: flush,
  }
}
