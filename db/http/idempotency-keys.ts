// Claims on idempotency keys. One statement decides who runs a request, so that of many equal ones exactly one does.
// A claim keeps its resource id through failures and crashes: whoever runs the request again makes the same resource.
import type { Db } from '../database.ts'

/**
 * How long a claim holds without an ending: after this, its holder counts as crashed. Short, because a client whose API
 * died waits for it; one that is only slow may be joined by another, and both make the same resource.
 */
export const claimSeconds = 15
/** How long an answer is kept. */
export const keptHours = 24

export interface IdempotencyScope {
  /** Whose key it is. */
  readonly principal: string
  /** Method and concrete path. */
  readonly route: string
  readonly key: string
}

export interface NewClaim extends IdempotencyScope {
  readonly fingerprint: Uint8Array
  /** Becomes the resource's id, unless an earlier attempt at the same request had one already. */
  readonly resourceId: string
}

/** A claim that is held. `token` tells it from one that took over after it had expired. */
export interface HeldClaim extends IdempotencyScope {
  readonly resourceId: string
  readonly token: string
}

export type ClaimResult =
  | { readonly state: 'claimed'; readonly claim: HeldClaim }
  | { readonly state: 'mismatch' }
  | { readonly state: 'in-flight' }
  | { readonly state: 'done'; readonly resourceId: string; readonly status: number; readonly answer: unknown }

interface ExistingRow {
  readonly sameRequest: boolean
  readonly resourceId: string
  readonly status: number | null
  readonly answer: unknown
}

/** An old row is as good as none; a released one takes any request; an expired one takes the same request again. */
const claimStatement = `
  insert into idempotency_keys as k (principal, route, key, fingerprint, resource_id, locked_until, created_at)
  values ($1, $2, $3, $4, $5, clock_timestamp() + make_interval(secs => ${claimSeconds}), clock_timestamp())
  on conflict (principal, route, key) do update set
    fingerprint = excluded.fingerprint,
    resource_id = case
      when k.fingerprint = excluded.fingerprint and k.created_at > excluded.created_at - interval '${keptHours} hours'
      then k.resource_id else excluded.resource_id end,
    locked_until = excluded.locked_until,
    response_status = null,
    response_body = null,
    created_at = excluded.created_at
  where k.created_at <= excluded.created_at - interval '${keptHours} hours'
    or (k.response_status is null and k.locked_until is null)
    or (k.response_status is null and k.locked_until < clock_timestamp() and k.fingerprint = excluded.fingerprint)
  returning resource_id as "resourceId", locked_until::text as token`

/** Claims a key, or tells why not. Atomic: of any number of callers at once, one gets `claimed`. */
export async function claimIdempotencyKey(db: Db, wanted: NewClaim): Promise<ClaimResult> {
  const { principal, route, key, resourceId } = wanted
  const fingerprint = Buffer.from(wanted.fingerprint)
  const [held] = await db.query<Pick<HeldClaim, 'resourceId' | 'token'>>(claimStatement, [
    principal,
    route,
    key,
    fingerprint,
    resourceId,
  ])
  if (held !== undefined) return { state: 'claimed', claim: { principal, route, key, ...held } }
  const [existing] = await db.query<ExistingRow>(
    `select fingerprint = $4 as "sameRequest", resource_id as "resourceId", response_status as status,
       response_body as answer
     from idempotency_keys where principal = $1 and route = $2 and key = $3`,
    [principal, route, key, fingerprint],
  )
  // The row may have been purged since: the caller is told to come again, and finds the key free.
  if (existing === undefined) return { state: 'in-flight' }
  if (!existing.sameRequest) return { state: 'mismatch' }
  if (existing.status === null) return { state: 'in-flight' }
  return { state: 'done', resourceId: existing.resourceId, status: existing.status, answer: existing.answer }
}

const held = 'principal = $1 and route = $2 and key = $3 and locked_until = $4::timestamptz and response_status is null'

/** Stores the answer (`null`: none is kept) and ends the claim. False when the claim had been taken over. */
export async function completeIdempotencyKey(
  db: Db,
  { principal, route, key, token }: HeldClaim,
  { status, answer }: { readonly status: number; readonly answer: unknown },
): Promise<boolean> {
  const rows = await db.query(
    `update idempotency_keys set locked_until = null, response_status = $5, response_body = $6::jsonb
     where ${held} returning 1 as done`,
    [principal, route, key, token, status, JSON.stringify(answer ?? null)],
  )
  return rows.length > 0
}

/** Frees the key after a failure; the resource's id stays reserved for the same request. */
export async function releaseIdempotencyKey(db: Db, { principal, route, key, token }: HeldClaim): Promise<void> {
  await db.execute(`update idempotency_keys set locked_until = null where ${held}`, [principal, route, key, token])
}

/** Deletes what is too old to be honoured; resolves to the number of rows. */
export function purgeIdempotencyKeys(db: Db): Promise<number> {
  return db.execute(`delete from idempotency_keys where created_at < now() - interval '${keptHours} hours'`)
}
