// What a use case answers, brought to what its route declares: fields that the contract doesn't name never leave.
// Outside production a difference is a failure, so that a test finds it; in production it is logged.
import { isDeepStrictEqual } from 'node:util'
import type { z } from 'zod'
import { AppError } from '../../domain/errors.ts'
import type { Logger } from '../../platform/logger.ts'
import { toFaults } from './read-input.ts'
import type { Reply, Route, ServerSentEvent } from './route.ts'

export interface Drift {
  /** Fail instead of logging. */
  readonly strict: boolean
  readonly log: Logger
}

function report({ strict, log }: Drift, what: string, faults: unknown): void {
  log.error({ faults }, what)
  if (strict) throw new AppError('internal', { detail: what })
}

/** `value` as JSON would carry it, without what the schema doesn't name. */
function toContract(schema: z.ZodType, value: unknown, drift: Drift & { readonly what: string }): unknown {
  const plain: unknown = JSON.parse(JSON.stringify(value) ?? 'null')
  const result = schema.safeParse(plain)
  if (!result.success) {
    report(drift, `${drift.what} doesn’t match its schema`, toFaults(result.error))
    return plain
  }
  const kept: unknown = JSON.parse(JSON.stringify(result.data) ?? 'null')
  if (!isDeepStrictEqual(kept, plain)) report(drift, `${drift.what} holds more than its schema names`, [])
  return kept
}

/** The reply with its body as the contract has it. Throws `internal` when `strict` and they differ. */
export function checkReply(route: Route, reply: Reply, drift: Drift): Reply {
  const { status } = reply
  const schema = route.responses[status]
  const isStream = reply.events !== undefined && reply.body === undefined
  const isEnd = route.events !== undefined && status === 204
  if (schema === undefined && !isStream && !isEnd)
    report(drift, `The route declares no answer with status ${status}`, [])
  if (schema === undefined || schema === null || reply.bytes !== undefined) return reply
  return { ...reply, body: toContract(schema, reply.body, { ...drift, what: 'The answer' }) }
}

/** Checks an event against the route's contract. Throws `internal` when `strict` and they differ. */
export function checkEvent(route: Route, { event, data }: ServerSentEvent, drift: Drift): void {
  const schema = route.events?.[event]
  if (schema === undefined) report(drift, `The route declares no such event as ${event}`, [])
  else toContract(schema, data, { ...drift, what: `The event ${event}` })
}
