// Sessions: one a sign-in. The single query that turns a token into an actor reads them with everything it grants.
import type { Permission } from '../../domain/auth/permission.ts'
import type { Session } from '../../domain/auth/session.ts'
import { type Page, type PageQuery, toPage } from '../../domain/resource.ts'
import type { Db } from '../database.ts'
import { olderThan } from '../keyset.ts'
import { grantedPermissions, grantedRoles } from './roles.ts'

const sessionDays = 30
/** What is over is kept so long, for whoever asks where they were signed in. */
const keptDays = 30
/** No more writes than this a session, however often it asks. */
const seenEverySeconds = 60

export interface NewSession {
  readonly id: string
  readonly userId: string
  /**
   * The hash that the password was checked against: a change of password since then makes no session. Undefined where
   * somebody else has vouched for the account.
   */
  readonly passwordHash?: string | undefined
  readonly method: 'password' | 'oidc'
  readonly ip: string | undefined
  readonly userAgent: string | undefined
}

/** True when the session was made: not for an account that was disabled or got another password meanwhile. */
export async function createSession(db: Db, input: NewSession): Promise<boolean> {
  // The share lock waits for a concurrent change of the account, which ends the sessions that it finds.
  const rows = await db.query(
    `insert into sessions (id, user_id, ip, user_agent, method, expires_at)
     select $1, id, $4, $5, $6, now() + make_interval(days => ${sessionDays}) from users
     where id = $2 and ($3::text is null or password_hash = $3) and disabled_at is null for share
     returning id`,
    [
      input.id,
      input.userId,
      input.passwordHash ?? null,
      input.ip ?? null,
      input.userAgent?.slice(0, 500) ?? null,
      input.method,
    ],
  )
  return rows.length > 0
}

interface SessionRow extends Omit<Session, 'createdAt' | 'lastSeenAt' | 'current'> {
  readonly createdAt: Date
  readonly lastSeenAt: Date
}

/** The sessions of a user that are still good, newest first; `currentId` is marked. */
export async function listSessions(
  db: Db,
  { userId, currentId }: { readonly userId: string; readonly currentId: string },
  { limit, after }: PageQuery,
): Promise<Page<Session>> {
  const rows = await db.query<SessionRow>(
    `select id, created_at as "createdAt", last_seen_at as "lastSeenAt", ip, user_agent as "userAgent", method
     from sessions where user_id = $1 and revoked_at is null and expires_at > now() and ${olderThan('id', '$2')}
     order by id desc limit $3`,
    [userId, after ?? null, limit + 1],
  )
  const toSession = ({ createdAt, lastSeenAt, ...row }: SessionRow): Session => ({
    ...row,
    current: row.id === currentId,
    createdAt: createdAt.toISOString(),
    lastSeenAt: lastSeenAt.toISOString(),
  })
  return toPage(rows.map(toSession), limit)
}

/** Ends one session of this user; false when there is none that is still good. */
export async function revokeSession(
  db: Db,
  { userId, sessionId }: { readonly userId: string; readonly sessionId: string },
): Promise<boolean> {
  const sql = `update sessions set revoked_at = now()
    where id = $1 and user_id = $2 and revoked_at is null and expires_at > now() returning id`
  return (await db.query(sql, [sessionId, userId])).length > 0
}

/** Ends every session of a user; resolves to how many there were. */
export async function revokeUserSessions(db: Db, userId: string): Promise<number> {
  return await db.execute('update sessions set revoked_at = now() where user_id = $1 and revoked_at is null', [userId])
}

/** Remembers that a session was used, at most once a minute. */
export async function touchSession(db: Db, sessionId: string): Promise<void> {
  await db.execute(
    `update sessions set last_seen_at = now()
     where id = $1 and last_seen_at < now() - make_interval(secs => ${seenEverySeconds})`,
    [sessionId],
  )
}

/** Forgets sessions that were over long ago, with their refresh tokens. Resolves to their number. */
export async function purgeSessions(db: Db): Promise<number> {
  return await db.execute(
    `delete from sessions where id in (
       select id from sessions where least(expires_at, revoked_at) < now() - make_interval(days => ${keptDays}) limit 1000)`,
  )
}

export interface ActorRecord {
  readonly userId: string
  readonly sessionId: string
  readonly email: string
  readonly roles: readonly string[]
  readonly permissions: readonly Permission[]
  readonly expiresAt: Date
}

/** Who acts in a session, or undefined when it has ended or the account is disabled. One query. */
export async function findActor(
  db: Db,
  { userId, sessionId }: { readonly userId: string; readonly sessionId: string },
): Promise<ActorRecord | undefined> {
  const [actor] = await db.query<ActorRecord>(
    `select u.id as "userId", s.id as "sessionId", u.email, s.expires_at as "expiresAt",
       ${grantedRoles} as roles, ${grantedPermissions} as permissions
     from sessions s join users u on u.id = s.user_id
     where s.id = $1 and s.user_id = $2 and s.revoked_at is null and s.expires_at > now() and u.disabled_at is null`,
    [sessionId, userId],
  )
  return actor
}
