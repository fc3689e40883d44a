// Which account somebody is whom a provider vouches for. An identity is issuer and subject; an address only ever leads to an
// account when the provider says that it is theirs, because addresses are what people claim to be.
import { AppError } from '../../domain/errors.ts'
import { type Db, firstOrNotFound } from '../database.ts'
import { revokeUserApiKeys } from './api-keys.ts'
import type { Ended } from './passwords.ts'
import { type Reclaimed, reclaim } from './reclaim.ts'
import { setUserRoles } from './roles.ts'
import { revokeUserSessions } from './sessions.ts'

export interface ProvenIdentity {
  readonly issuer: string
  readonly subject: string
  /** In its stored form; undefined when the provider doesn’t vouch for one. */
  readonly email: string | undefined
  readonly displayName: string
}

export interface Resolution {
  readonly userId: string
  /**
   * `known`: the identity had this account. `linked`: it has it from now on. `reclaimed`: so it has, and whoever had
   * registered the address can’t reach the account any more. `made`: the account is new.
   */
  readonly outcome: 'known' | 'linked' | 'reclaimed' | 'made'
  /** Of a reclaimed account: what was taken from whoever had it. */
  readonly taken?: Reclaimed & Ended
}

export interface Registering {
  /** Of the account, if one is made. */
  readonly newUserId: string
  readonly isOpen: boolean
}

interface Account {
  readonly id: string
  readonly isDisabled: boolean
  readonly isProven: boolean
}

const account = `u.id, u.disabled_at is not null as "isDisabled", u.email_verified_at is not null as "isProven"`

type Refusal = 'auth.oidc_refused' | 'auth.oidc_unverified' | 'auth.oidc_other_identity'

function refuse(code: Refusal, userId?: string): never {
  throw new AppError(code, {
    attempt: {
      action: 'auth.login',
      outcome: 'failure',
      resource: { type: 'user', id: userId },
      details: { method: 'oidc' },
      subjectId: userId,
    },
  })
}

function requireEnabled({ id, isDisabled }: Account): void {
  if (isDisabled) refuse('auth.oidc_refused', id)
}

/** The account whose owner hasn’t been seen yet: what signs in to it now ends when they come. */
export async function findUnprovenAccount(db: Db, email: string): Promise<string | undefined> {
  const sql = 'select id from users where lower(email) = lower($1) and email_verified_at is null'
  const [found] = await db.query<{ id: string }>(sql, [email])
  return found?.id
}

const lostRace = (): AppError => new AppError('internal', { detail: 'An identity was linked elsewhere meanwhile.' })

/** False when another transaction has linked it meanwhile. */
async function link(tx: Db, { issuer, subject }: ProvenIdentity, userId: string): Promise<boolean> {
  const rows = await tx.query(
    `insert into oidc_identities (issuer, subject, user_id) values ($1, $2, $3) on conflict do nothing returning user_id`,
    [issuer, subject, userId],
  )
  return rows.length > 0
}

/**
 * An address may have gone to somebody else since: whoever the provider knows by another subject is another person. No other
 * transaction links meanwhile, for the account’s row is locked.
 */
async function requireNoOther(tx: Db, { issuer, subject }: ProvenIdentity, userId: string): Promise<void> {
  const others = await tx.query(
    'select subject from oidc_identities where user_id = $1 and issuer = $2 and subject <> $3 limit 1',
    [userId, issuer, subject],
  )
  if (others.length > 0) refuse('auth.oidc_other_identity', userId)
}

/** Takes an account from whoever registered it in advance of the address’s owner: all that lets them in is gone. */
async function takeOver(tx: Db, userId: string): Promise<Reclaimed & Ended> {
  await tx.execute(
    `update users set password_hash = null, pepper_id = null, email_verified_at = now(), updated_at = now() where id = $1`,
    [userId],
  )
  const ended = { sessions: await revokeUserSessions(tx, userId), apiKeys: await revokeUserApiKeys(tx, userId) }
  return { ...ended, ...(await reclaim(tx, userId)) }
}

/** Undefined when another transaction has made the account meanwhile. */
async function make(
  tx: Db,
  identity: ProvenIdentity & { readonly email: string },
  { newUserId, isOpen }: Registering,
): Promise<Resolution | undefined> {
  if (!isOpen) throw new AppError('auth.registration_closed')
  const made = await tx.query(
    `insert into users (id, email, display_name, email_verified_at) values ($1, $2, $3, now())
     on conflict do nothing returning id`,
    [newUserId, identity.email, identity.displayName],
  )
  if (made.length === 0) return undefined
  await setUserRoles(tx, { userId: newUserId, roles: ['user'] })
  if (!(await link(tx, identity, newUserId))) throw lostRace()
  return { userId: newUserId, outcome: 'made' }
}

async function tryToResolve(
  tx: Db,
  identity: ProvenIdentity,
  registering: Registering,
): Promise<Resolution | undefined> {
  const { issuer, subject, email } = identity
  const [known] = await tx.query<Account>(
    `update oidc_identities i set last_used_at = now() from users u
     where i.issuer = $1 and i.subject = $2 and u.id = i.user_id returning ${account}`,
    [issuer, subject],
  )
  if (known !== undefined) {
    requireEnabled(known)
    return { userId: known.id, outcome: 'known' }
  }
  if (email === undefined) return refuse('auth.oidc_unverified')
  const [same] = await tx.query<Account>(
    `select ${account} from users u where lower(u.email) = lower($1) for no key update`,
    [email],
  )
  if (same === undefined) return await make(tx, { ...identity, email }, registering)
  requireEnabled(same)
  await requireNoOther(tx, identity, same.id)
  if (!(await link(tx, identity, same.id))) return undefined
  if (same.isProven) return { userId: same.id, outcome: 'linked' }
  return { userId: same.id, outcome: 'reclaimed', taken: await takeOver(tx, same.id) }
}

/**
 * The account of an identity, in the caller’s transaction; linked or made where the rules allow it. Throws
 * `auth.oidc_refused` (disabled), `auth.oidc_unverified`, `auth.oidc_other_identity`, `auth.registration_closed`.
 */
export async function resolveIdentity(tx: Db, identity: ProvenIdentity, registering: Registering): Promise<Resolution> {
  // Of two that make the same, the second waits for the first, and then finds what it has made.
  const resolved = (await tryToResolve(tx, identity, registering)) ?? (await tryToResolve(tx, identity, registering))
  if (resolved === undefined) throw lostRace()
  return resolved
}

/**
 * Takes all identities from an account, and ends what may have been begun with them; `identities` is how many there were. The
 * next one that a provider vouches for with the account’s address is linked again. Throws `resource.not_found`.
 */
export async function unlinkIdentities(
  tx: Db,
  userId: string,
): Promise<{ readonly identities: number; readonly sessions: number }> {
  firstOrNotFound(await tx.query('select id from users where id = $1 for no key update', [userId]), 'user')
  const identities = await tx.execute('delete from oidc_identities where user_id = $1', [userId])
  return { identities, sessions: identities > 0 ? await revokeUserSessions(tx, userId) : 0 }
}
