// Refresh tokens in families: one family is one session. A token is consumed by one atomic update, whoever comes second
// waits for it and sees what it has done.
import type { Db } from '../database.ts'

/** How long a consumed token is answered with the very successor that it was given: parallel tabs send it twice. */
const graceSeconds = 10

export interface Refreshing {
  readonly tokenHash: Buffer
  readonly successorHash: Buffer
  /** Of the platform key that the successor is derived with. */
  readonly keyId: string
}

export interface Refreshed {
  readonly userId: string
  readonly sessionId: string
  /** With which the successor is derived, now or by whoever came first. */
  readonly keyId: string
}

/**
 * `reused`: it was consumed before, so somebody else holds it too. `unknown`: it never was one, or its session is over.
 */
export type Consumption =
  | ({ readonly outcome: 'refreshed' } & Refreshed)
  | ({ readonly outcome: 'reused' } & Pick<Refreshed, 'userId' | 'sessionId'>)
  | { readonly outcome: 'unknown' }

const isLive = `s.revoked_at is null and s.expires_at > now() and u.disabled_at is null`

/** The first token of a session. */
export async function createRefreshToken(
  tx: Db,
  { tokenHash, sessionId }: { readonly tokenHash: Buffer; readonly sessionId: string },
): Promise<void> {
  await tx.execute('insert into refresh_tokens (token_hash, session_id) values ($1, $2)', [tokenHash, sessionId])
}

/** Consumes a token and stores its successor, in the caller’s transaction. */
export async function consumeRefreshToken(tx: Db, refreshing: Refreshing): Promise<Consumption> {
  const { tokenHash, successorHash, keyId } = refreshing
  const [consumed] = await tx.query<Refreshed>(
    `with consumed as (
       update refresh_tokens t set consumed_at = now(), successor_hash = $2::bytea, successor_key_id = $3::text
       from sessions s join users u on u.id = s.user_id
       where t.token_hash = $1 and t.consumed_at is null and s.id = t.session_id and ${isLive}
       returning s.id, s.user_id
     ), seen as (update sessions set last_seen_at = now() where id in (select id from consumed)),
     followed as (insert into refresh_tokens (token_hash, session_id) select $2::bytea, id from consumed)
     select user_id as "userId", id as "sessionId", $3::text as "keyId" from consumed`,
    [tokenHash, successorHash, keyId],
  )
  if (consumed !== undefined) return { outcome: 'refreshed', ...consumed }
  return await judgeConsumed(tx, tokenHash)
}

/** Asked by a statement of its own, which sees what the one before has waited for. */
async function judgeConsumed(tx: Db, tokenHash: Buffer): Promise<Consumption> {
  const [found] = await tx.query<Refreshed & { readonly isRepeat: boolean }>(
    `select u.id as "userId", s.id as "sessionId", t.successor_key_id as "keyId",
       t.consumed_at > now() - make_interval(secs => ${graceSeconds}) and next.consumed_at is null as "isRepeat"
     from refresh_tokens t join sessions s on s.id = t.session_id join users u on u.id = s.user_id
       left join refresh_tokens next on next.token_hash = t.successor_hash
     where t.token_hash = $1 and t.consumed_at is not null and ${isLive}`,
    [tokenHash],
  )
  if (found === undefined) return { outcome: 'unknown' }
  const { isRepeat, ...refreshed } = found
  return isRepeat ? { outcome: 'refreshed', ...refreshed } : { outcome: 'reused', ...refreshed }
}

/** The live session that a token belongs to, whether it is the family’s last or not. */
export async function findSessionOfRefreshToken(
  db: Db,
  tokenHash: Buffer,
): Promise<{ readonly userId: string; readonly sessionId: string } | undefined> {
  const [found] = await db.query<{ userId: string; sessionId: string }>(
    `select s.user_id as "userId", s.id as "sessionId"
     from refresh_tokens t join sessions s on s.id = t.session_id join users u on u.id = s.user_id
     where t.token_hash = $1 and ${isLive}`,
    [tokenHash],
  )
  return found
}
