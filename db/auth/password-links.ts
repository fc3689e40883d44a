// Links that set a password: for an account whose password was forgotten, or that never had one. A link is used up by one
// atomic update; the row holds no token, and what mails the link is told no more than its id.
import { type LinkPurpose, linkHours } from '../../domain/auth/password.ts'
import type { Db } from '../database.ts'
import { leastIdOf } from '../ids.ts'

const keptDays = 30

export interface NewLink {
  readonly id: string
  readonly tokenHash: Buffer
  /** Of the platform key that the token is derived with. */
  readonly platformKeyId: string
}

const insertLink = (purpose: LinkPurpose, condition: string): string =>
  `insert into password_links (id, user_id, purpose, token_hash, platform_key_id, expires_at)
   select $2, u.id, '${purpose}', $3, $4, now() + make_interval(hours => ${linkHours[purpose]})
   from users u where ${condition}`

export interface ForgottenAccount {
  /** Undefined for an address that nobody has. */
  readonly userId: string | undefined
  /** Whether the link was made: not for a disabled account. */
  readonly made: boolean
}

/** A link for the account of an address, made if `allowed`: one statement, whatever the address is. */
export async function createResetLink(
  tx: Db,
  { email, allowed, ...link }: NewLink & { readonly email: string; readonly allowed: boolean },
): Promise<ForgottenAccount> {
  const [found] = await tx.query<{ userId: string | null; made: boolean }>(
    `with made as (${insertLink('reset', 'lower(u.email) = lower($1) and u.disabled_at is null and $5')} returning user_id)
     select (select id from users where lower(email) = lower($1)) as "userId", exists (select from made) as made`,
    [email, link.id, link.tokenHash, link.platformKeyId, allowed],
  )
  return { userId: found?.userId ?? undefined, made: found?.made === true }
}

/** A link for an account that has just been made. */
export async function createInviteLink(tx: Db, { userId, ...link }: NewLink & { readonly userId: string }) {
  await tx.execute(insertLink('invite', 'u.id = $1'), [userId, link.id, link.tokenHash, link.platformKeyId])
}

const isOpen = 'l.used_at is null and l.expires_at > now()'

/** Whose password a token may set; undefined for one that is wrong, used or expired, or whose account is disabled. */
export async function findLinkedUser(db: Db, tokenHash: Buffer): Promise<string | undefined> {
  const [found] = await db.query<{ userId: string }>(
    `select u.id as "userId" from password_links l join users u on u.id = l.user_id
     where l.token_hash = $1 and ${isOpen} and u.disabled_at is null`,
    [tokenHash],
  )
  return found?.userId
}

/** Uses a link of this user up; resolves to what it was for, undefined when it isn’t good any more. */
export async function useLink(
  tx: Db,
  { userId, tokenHash }: { readonly userId: string; readonly tokenHash: Buffer },
): Promise<LinkPurpose | undefined> {
  const [used] = await tx.query<{ purpose: LinkPurpose }>(
    `update password_links l set used_at = now() where l.token_hash = $2 and l.user_id = $1 and ${isOpen}
     returning l.purpose`,
    [userId, tokenHash],
  )
  return used?.purpose
}

/** Makes every open link of a user void. */
export async function voidLinks(tx: Db, userId: string): Promise<void> {
  await tx.execute('update password_links set used_at = now() where user_id = $1 and used_at is null', [userId])
}

export interface UnsentLink {
  readonly id: string
  readonly platformKeyId: string
  readonly purpose: LinkPurpose
  readonly email: string
  readonly expiresAt: Date
}

/** What a mail has to bring; undefined when it was sent, or would be of no use any more. */
export async function findUnsentLink(db: Db, linkId: string): Promise<UnsentLink | undefined> {
  const [found] = await db.query<UnsentLink>(
    `select l.id, l.platform_key_id as "platformKeyId", l.purpose, u.email, l.expires_at as "expiresAt"
     from password_links l join users u on u.id = l.user_id
     where l.id = $1 and l.mailed_at is null and ${isOpen} and u.disabled_at is null`,
    [linkId],
  )
  return found
}

export async function noteMailed(db: Db, linkId: string): Promise<void> {
  await db.execute('update password_links set mailed_at = now() where id = $1 and mailed_at is null', [linkId])
}

/** For one that can’t be mailed: nobody has its token, and nobody shall wait for it. */
export async function voidLink(db: Db, linkId: string): Promise<void> {
  await db.execute('update password_links set used_at = now() where id = $1 and used_at is null', [linkId])
}

/** Those that should be on their way: committed so many seconds ago, and not mailed. Oldest first. */
export async function listUnsentLinks(
  db: Db,
  olderThanSeconds: number,
): Promise<{ readonly linkId: string; readonly userId: string }[]> {
  return await db.query(
    `select l.id as "linkId", l.user_id as "userId" from password_links l
     where l.mailed_at is null and ${isOpen} and (select u.disabled_at is null from users u where u.id = l.user_id)
       and l.created_at < now() - make_interval(secs => $1)
     order by l.created_at limit 100`,
    [olderThanSeconds],
  )
}

/** Forgets some of those links that were over long ago; resolves to their number. Any number of workers may purge at once. */
export async function purgePasswordLinks(db: Db): Promise<number> {
  const least = leastIdOf(new Date(Date.now() - keptDays * 86_400_000))
  return await db.execute(
    `delete from password_links where id = any(array(
       select id from password_links where id < $1::uuid order by id limit 1000 for update skip locked))`,
    [least],
  )
}
