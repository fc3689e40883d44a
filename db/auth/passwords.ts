// The password of an account: read to be checked, and set. With another one ends whatever was opened with the one before.
import type { Db } from '../database.ts'
import { revokeUserApiKeys } from './api-keys.ts'
import { revokeUserSessions } from './sessions.ts'

export interface StoredPassword {
  readonly hash: string
  readonly pepperId: string
}

/** Undefined for an account without one. */
export async function findPassword(db: Db, userId: string): Promise<StoredPassword | undefined> {
  const [found] = await db.query<StoredPassword>(
    `select password_hash as hash, pepper_id as "pepperId" from users where id = $1 and password_hash is not null`,
    [userId],
  )
  return found
}

/** Whether somebody has shown that the account’s address is theirs. Nobody changes the account until the transaction ends. */
export async function isAddressProven(tx: Db, userId: string): Promise<boolean> {
  const [found] = await tx.query<{ isProven: boolean }>(
    'select email_verified_at is not null as "isProven" from users where id = $1 for no key update',
    [userId],
  )
  return found?.isProven === true
}

export interface NewPassword {
  readonly userId: string
  readonly password: StoredPassword
  /** The hash to replace; undefined: whichever, for whoever sets it got a mail at the account’s address. */
  readonly from?: string | undefined
}

/** What has ended with the password before. */
export interface Ended {
  readonly sessions: number
  readonly apiKeys: number
}

/**
 * Sets a password; undefined for an account that is disabled, or that has got another one than `from` meanwhile. The
 * account’s row comes first, so that of two such changes the later waits before it has locked anything.
 */
export async function setPassword(tx: Db, { userId, password, from }: NewPassword): Promise<Ended | undefined> {
  const rows = await tx.query(
    `update users set password_hash = $2, pepper_id = $3, updated_at = now(),
       email_verified_at = case when $4::text is null then coalesce(email_verified_at, now()) else email_verified_at end
     where id = $1 and disabled_at is null and ($4::text is null or password_hash = $4) returning id`,
    [userId, password.hash, password.pepperId, from ?? null],
  )
  if (rows.length === 0) return undefined
  return { sessions: await revokeUserSessions(tx, userId), apiKeys: await revokeUserApiKeys(tx, userId) }
}
