// Who a session or a key stands for, from memory where that is certain to be right, else from one query whose answer is
// remembered. See actor-cache.ts for why memory is right.
import { type KeyActorRecord, findKeyActor, touchApiKey } from '../../db/auth/api-keys.ts'
import { type ActorRecord, findActor, touchSession } from '../../db/auth/sessions.ts'
import type { Db } from '../../db/database.ts'
import type { Permission } from '../../domain/auth/permission.ts'
import type { Logger } from '../logger.ts'
import type { Actor } from './actor.ts'
import { type ActorCache, entrySeconds, markSeconds, marked } from './actor-cache.ts'
import { apiKeyKey, everybodyKey, sessionKey, userKey } from './actor-keys.ts'
import { type PresentedKey, isSameHash } from './api-key.ts'

export interface ActorSources {
  readonly db: Db
  readonly cache: ActorCache
  readonly log: Logger
}

export interface SessionSubject {
  readonly userId: string
  readonly sessionId: string
}

interface KnownUser {
  readonly email: string
  readonly roles: readonly string[]
  readonly permissions: readonly Permission[]
}
interface KnownSession {
  readonly userId: string
  readonly expiresAt: number
}
interface KnownKey extends KnownSession {
  readonly secretHash: string
  readonly scopes: readonly Permission[]
  readonly isGrant: boolean
}

const never = Number.MAX_SAFE_INTEGER

/** What a key may do of what its owner may. */
export const scopedPermissions = (
  { scopes, isGrant }: Pick<KnownKey, 'scopes' | 'isGrant'>,
  owned: readonly Permission[],
): ReadonlySet<Permission> => new Set(isGrant ? scopes : scopes.filter((scope) => owned.includes(scope)))

const userEntry = (userId: string, { email, roles, permissions }: KnownUser): Record<string, string> => ({
  [userKey(userId)]: JSON.stringify({ email, roles, permissions } satisfies KnownUser),
})

interface Known {
  /** Both parts; undefined unless both are there. */
  readonly found: { readonly own: string; readonly user: KnownUser } | undefined
  /** What is loaded may be stored. */
  readonly isOpen: boolean
}

async function recall(cache: ActorCache, own: string, userId: string): Promise<Known> {
  const values = await cache.read([own, userKey(userId), everybodyKey])
  if (values === undefined || values.includes(marked)) return { found: undefined, isOpen: false }
  const [ownValue, user] = values
  if (ownValue === undefined || user === undefined) return { found: undefined, isOpen: true }
  return { found: { own: ownValue, user: JSON.parse(user) as KnownUser }, isOpen: true }
}

/** What a statement has read is stored only while a mark that was set meanwhile is certain to be still there. */
async function loaded<T>(
  cache: ActorCache,
  load: () => Promise<T | undefined>,
  entriesOf: (found: T) => Readonly<Record<string, string>>,
): Promise<T | undefined> {
  const startedAt = performance.now()
  const found = await load()
  const isInTime = performance.now() - startedAt < ((markSeconds - entrySeconds) / 2) * 1_000
  if (found !== undefined && isInTime) await cache.store(entriesOf(found))
  return found
}

function noteUse({ log }: ActorSources, touched: Promise<void>): void {
  touched.catch((error: unknown) => log.debug({ err: error }, 'it wasn’t noted that a session or key was used'))
}

const sessionEntries = ({ userId, sessionId, expiresAt, ...user }: ActorRecord): Record<string, string> => ({
  [sessionKey(sessionId)]: JSON.stringify({ userId, expiresAt: expiresAt.getTime() } satisfies KnownSession),
  ...userEntry(userId, user),
})

/** Undefined when the session or its account has ended. */
export async function actorOfSession(sources: ActorSources, subject: SessionSubject): Promise<Actor | undefined> {
  const { db, cache } = sources
  const { userId, sessionId } = subject
  const { found, isOpen } = await recall(cache, sessionKey(sessionId), userId)
  if (found !== undefined) {
    const session = JSON.parse(found.own) as KnownSession
    if (session.userId !== userId || session.expiresAt <= Date.now()) return undefined
    const { email, roles, permissions } = found.user
    return { userId, sessionId, email, roles, permissions: new Set(permissions) }
  }
  const load = (): Promise<ActorRecord | undefined> => findActor(db, subject)
  const actor = isOpen ? await loaded(cache, load, sessionEntries) : await load()
  if (actor === undefined) return undefined
  if (isOpen) noteUse(sources, touchSession(db, sessionId))
  const { email, roles, permissions } = actor
  return { userId, sessionId, email, roles, permissions: new Set(permissions) }
}

const keyEntries =
  (keyId: string) =>
  ({ userId, scopes, isGrant, secretHash, expiresAt, ...user }: KeyActorRecord): Record<string, string> => ({
    [apiKeyKey(keyId)]: JSON.stringify({
      userId,
      scopes,
      isGrant,
      secretHash: secretHash.toString('hex'),
      expiresAt: expiresAt?.getTime() ?? never,
    } satisfies KnownKey),
    ...userEntry(userId, user),
  })

async function recallKey(cache: ActorCache, keyId: string): Promise<Known> {
  const own = apiKeyKey(keyId)
  const [value] = (await cache.read([own])) ?? [marked]
  if (value === undefined || value === marked) return { found: undefined, isOpen: value === undefined }
  return await recall(cache, own, (JSON.parse(value) as KnownKey).userId)
}

type KeyOwner = Omit<KeyActorRecord, 'expiresAt'>

/**
 * Whose key it is, and what they may; undefined when the key or its account has ended, or isn’t `isProven` by its hash: then
 * nothing is remembered, nor noted as its use.
 */
async function ownerOfKey(
  sources: ActorSources,
  keyId: string,
  isProven: (hash: Uint8Array) => boolean,
): Promise<KeyOwner | undefined> {
  const { db, cache } = sources
  const { found, isOpen } = await recallKey(cache, keyId)
  if (found !== undefined) {
    const key = JSON.parse(found.own) as KnownKey
    const secretHash = Buffer.from(key.secretHash, 'hex')
    const isGood = key.expiresAt > Date.now() && isProven(secretHash)
    return isGood ? { ...found.user, ...key, secretHash } : undefined
  }
  const load = async (): Promise<KeyActorRecord | undefined> => {
    const owner = await findKeyActor(db, keyId)
    return owner !== undefined && isProven(owner.secretHash) ? owner : undefined
  }
  const owner = isOpen ? await loaded(cache, load, keyEntries(keyId)) : await load()
  if (owner !== undefined && isOpen) noteUse(sources, touchApiKey(db, keyId))
  return owner
}

const toKeyActor = (keyId: string, { userId, email, roles, permissions, ...key }: KeyOwner): Actor => ({
  userId,
  apiKeyId: keyId,
  email,
  roles,
  permissions: scopedPermissions(key, permissions),
})

/** Undefined when the key or its account has ended, or the secret is another one. */
export async function actorOfKey(
  sources: ActorSources,
  { keyId, secretHash }: PresentedKey,
): Promise<Actor | undefined> {
  const owner = await ownerOfKey(sources, keyId, (hash) => isSameHash(hash, secretHash))
  return owner && toKeyActor(keyId, owner)
}

/** For a key whose secret was proven when its request began. */
export async function actorOfProvenKey(sources: ActorSources, keyId: string): Promise<Actor | undefined> {
  const owner = await ownerOfKey(sources, keyId, () => true)
  return owner && toKeyActor(keyId, owner)
}
