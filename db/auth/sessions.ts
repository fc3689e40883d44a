// Sessions: one a sign-in. The single query that turns a token into an actor reads them with everything it grants.
import type { Permission } from '../../domain/auth/permission.ts'
import type { Db } from '../database.ts'
import { grantedPermissions, grantedRoles } from './roles.ts'

const sessionDays = 30

export interface NewSession {
  readonly id: string
  readonly userId: string
  /** The hash that the password was checked against: a change of password since then makes no session. */
  readonly passwordHash: string
  readonly ip: string | undefined
  readonly userAgent: string | undefined
}

/** True when the session was made: not for an account that was disabled or got another password meanwhile. */
export async function createSession(db: Db, input: NewSession): Promise<boolean> {
  // The share lock waits for a concurrent change of the account, which ends the sessions that it finds.
  const rows = await db.query(
    `insert into sessions (id, user_id, ip, user_agent, expires_at)
     select $1, id, $4, $5, now() + make_interval(days => ${sessionDays}) from users
     where id = $2 and password_hash = $3 and disabled_at is null for share
     returning id`,
    [input.id, input.userId, input.passwordHash, input.ip ?? null, input.userAgent?.slice(0, 500) ?? null],
  )
  return rows.length > 0
}

/** Ends one session; false when it had ended already. */
export async function revokeSession(db: Db, sessionId: string): Promise<boolean> {
  const sql = 'update sessions set revoked_at = now() where id = $1 and revoked_at is null returning id'
  return (await db.query(sql, [sessionId])).length > 0
}

/** Ends every session of a user. */
export async function revokeUserSessions(db: Db, userId: string): Promise<void> {
  await db.execute('update sessions set revoked_at = now() where user_id = $1 and revoked_at is null', [userId])
}

export interface ActorRecord {
  readonly userId: string
  readonly sessionId: string
  readonly email: string
  readonly roles: readonly string[]
  readonly permissions: readonly Permission[]
}

/** Who acts in a session, or undefined when it has ended or the account is disabled. One query. */
export async function findActor(
  db: Db,
  { userId, sessionId }: { readonly userId: string; readonly sessionId: string },
): Promise<ActorRecord | undefined> {
  const [actor] = await db.query<ActorRecord>(
    `select u.id as "userId", s.id as "sessionId", u.email, ${grantedRoles} as roles, ${grantedPermissions} as permissions
     from sessions s join users u on u.id = s.user_id
     where s.id = $1 and s.user_id = $2 and s.revoked_at is null and s.expires_at > now() and u.disabled_at is null`,
    [sessionId, userId],
  )
  return actor
}
