// Idempotency keys (draft-ietf-httpapi-idempotency-key-header): a repeated request gets the first one's answer. Equality
// is judged by an HMAC, so that the stored fingerprint tells nothing of a body that may hold a secret.
import { createHmac } from 'node:crypto'
import { newId } from '../../db/ids.ts'
import {
  type HeldClaim,
  type IdempotencyScope,
  claimIdempotencyKey,
  completeIdempotencyKey,
  releaseIdempotencyKey,
} from '../../db/http/idempotency-keys.ts'
import { AppError } from '../../domain/errors.ts'
import type { Platform } from '../../platform/platform.ts'
import type { Reply } from './route.ts'

const keyForm = /^[\x21-\x7e]{1,255}$/
const inFlightRetryMs = 1_000

/** The key of a request, undefined when it has none. Throws `request.malformed`. */
export function readIdempotencyKey(header: string | undefined): string | undefined {
  if (header === undefined || keyForm.test(header)) return header
  throw new AppError('request.malformed', { detail: 'An Idempotency-Key has 1 to 255 visible ASCII characters.' })
}

/** JSON with the keys of every object in one order. */
export function canonicalJson(value: unknown): string {
  const text = JSON.stringify(value, (_key, part: unknown) =>
    typeof part === 'object' && part !== null && !Array.isArray(part)
      ? Object.fromEntries(Object.entries(part).sort(([a], [b]) => (a < b ? -1 : 1)))
      : part,
  )
  return text ?? 'null'
}

type Keys = Pick<Platform, 'keys'>

/** Whose keys these are: an account's, or for a public route those of one address, which isn't stored. */
export function principalOf({ keys }: Keys, userId: string | undefined, ip: string | undefined): string {
  if (userId !== undefined) return userId
  const mac = createHmac('sha256', keys.derive('idempotency-principal')).update(ip ?? '')
  return `anonymous:${mac.digest('hex').slice(0, 32)}`
}

export const fingerprintOf = ({ keys }: Keys, payload: unknown): Buffer =>
  createHmac('sha256', keys.derive('idempotency-fingerprint')).update(canonicalJson(payload)).digest()

export interface OnceOptions extends IdempotencyScope {
  /** What makes two requests equal. */
  readonly payload: unknown
  /** `id`: the answer's body isn't kept, a repeat is a 409 with the resource's id. */
  readonly keep: 'answer' | 'id'
}

interface StoredAnswer {
  readonly body?: unknown
  readonly headers?: Reply['headers']
}

function replay(keep: OnceOptions['keep'], done: { resourceId: string; status: number; answer: unknown }): Reply {
  if (keep === 'id') throw new AppError('idempotency.already_done', { resourceId: done.resourceId })
  const { body, headers } = (done.answer ?? {}) as StoredAnswer
  return {
    status: done.status as Reply['status'],
    ...(body === undefined ? {} : { body }),
    headers: { ...headers, 'Idempotent-Replayed': 'true' },
  }
}

type Dependencies = Pick<Platform, 'db' | 'log'> & Keys

/** The request has succeeded: a failure to say so is logged, and a repeat runs it again with the same resource id. */
async function complete({ db, log }: Dependencies, claim: HeldClaim, status: number, answer: unknown): Promise<void> {
  try {
    await completeIdempotencyKey(db, claim, { status, answer })
  } catch (error) {
    log.error({ err: error }, 'an answer wasn’t stored under its idempotency key')
  }
}

async function release({ db, log }: Dependencies, claim: HeldClaim): Promise<void> {
  try {
    await releaseIdempotencyKey(db, claim)
  } catch (error) {
    log.warn({ err: error }, 'an idempotency key stays locked until its claim expires')
  }
}

/**
 * Runs a request once. `run` gets the id for the resource that it makes: the same one whenever the same request is run
 * again after a failure or a crash. Throws `idempotency.mismatch`, `idempotency.in_flight`, `idempotency.already_done`.
 */
export async function runOnce(
  dependencies: Dependencies,
  { principal, route, key, payload, keep }: OnceOptions,
  run: (newResourceId: string) => Promise<Reply>,
): Promise<Reply> {
  const fingerprint = fingerprintOf(dependencies, payload)
  const result = await claimIdempotencyKey(dependencies.db, { principal, route, key, fingerprint, resourceId: newId() })
  if (result.state === 'mismatch') throw new AppError('idempotency.mismatch')
  if (result.state === 'in-flight') throw new AppError('idempotency.in_flight', { retryAfterMs: inFlightRetryMs })
  if (result.state === 'done') return replay(keep, result)
  const { claim } = result
  try {
    const reply = await run(claim.resourceId)
    const answer: StoredAnswer = {
      ...(reply.body === undefined ? {} : { body: reply.body }),
      ...(reply.headers === undefined ? {} : { headers: reply.headers }),
    }
    await complete(dependencies, claim, reply.status, keep === 'answer' ? answer : null)
    return reply
  } catch (error) {
    await release(dependencies, claim)
    throw error
  }
}
