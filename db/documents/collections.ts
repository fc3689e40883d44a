// Collections and their members. Membership is the one source of access to documents, and stands in every predicate.
import type { Collection, CollectionMember, CollectionRole } from '../../domain/documents/document.ts'
import { AppError } from '../../domain/errors.ts'
import { type Page, type PageQuery, toPage } from '../../domain/resource.ts'
import { type Db, firstOrNotFound } from '../database.ts'
import { newId } from '../ids.ts'
import { olderThan } from '../keyset.ts'
import { removeCollectionChunks } from './chunks.ts'

interface CollectionRow extends Omit<Collection, 'createdAt' | 'updatedAt'> {
  readonly createdAt: Date
  readonly updatedAt: Date
}

const columns = `c.id, c.name, c.description, c.owner_id as "ownerId", c.is_default as "isDefault", c.version,
  c.created_at as "createdAt", c.updated_at as "updatedAt", m.role`
const joined = 'collections c join collection_members m on m.collection_id = c.id and m.user_id = $1'

const toCollection = (row: CollectionRow): Collection => ({
  ...row,
  createdAt: row.createdAt.toISOString(),
  updatedAt: row.updatedAt.toISOString(),
})

export interface NewCollection {
  readonly id: string
  readonly ownerId: string
  readonly name: string
  readonly description: string
  readonly isDefault?: boolean
}

/** Creates a collection with its owner as a member. The same id again changes nothing (`made` is false), so a retry is safe. */
export async function createCollection(
  db: Db,
  input: NewCollection,
): Promise<{ readonly collection: Collection; readonly made: boolean }> {
  const made = await db.transaction(async (tx) => {
    const inserted = await tx.query(
      `insert into collections (id, owner_id, name, description, is_default) values ($1, $2, $3, $4, $5)
       on conflict do nothing returning id`,
      [input.id, input.ownerId, input.name, input.description, input.isDefault ?? false],
    )
    if (inserted.length === 0) return false
    await tx.execute(`insert into collection_members (collection_id, user_id, role) values ($1, $2, 'owner')`, [
      input.id,
      input.ownerId,
    ])
    return true
  })
  return { collection: await getCollection(db, { userId: input.ownerId, collectionId: input.id }), made }
}

/** The id of the user's own default collection, made on first need; safe when many ask at once. */
export async function ensureDefaultCollection(db: Db, userId: string): Promise<string> {
  const find = () => db.query<{ id: string }>('select id from collections where owner_id = $1 and is_default', [userId])
  const [existing] = await find()
  if (existing !== undefined) return existing.id
  return db.transaction(async (tx) => {
    const [made] = await tx.query<{ id: string }>(
      `insert into collections (id, owner_id, name, is_default) values ($1, $2, 'My documents', true)
       on conflict do nothing returning id`,
      [newId(), userId],
    )
    if (made === undefined) return firstOrNotFound(await find(), 'collection').id
    await tx.execute(`insert into collection_members (collection_id, user_id, role) values ($1, $2, 'owner')`, [
      made.id,
      userId,
    ])
    return made.id
  })
}

/** The collections that the user is a member of, newest first. */
export async function listCollections(db: Db, userId: string, { limit, after }: PageQuery): Promise<Page<Collection>> {
  const rows = await db.query<CollectionRow>(
    `select ${columns} from ${joined} where ${olderThan('m.collection_id', '$2')} order by m.collection_id desc limit $3`,
    [userId, after ?? null, limit + 1],
  )
  return toPage(rows.map(toCollection), limit)
}

/** Throws `resource.not_found` also when the user isn't a member. */
export async function getCollection(
  db: Db,
  { userId, collectionId }: { readonly userId: string; readonly collectionId: string },
): Promise<Collection> {
  const rows = await db.query<CollectionRow>(`select ${columns} from ${joined} where c.id = $2`, [userId, collectionId])
  return toCollection(firstOrNotFound(rows, 'collection'))
}

/** Which of these collections the user isn't a member of, or that aren't there. */
export async function findUnreadableCollections(
  db: Db,
  userId: string,
  collectionIds: readonly string[],
): Promise<string[]> {
  if (collectionIds.length === 0) return []
  const rows = await db.query<{ id: string }>(
    `select wanted.id from unnest($2::uuid[]) as wanted (id)
     where not exists (select 1 from collection_members m where m.user_id = $1 and m.collection_id = wanted.id)`,
    [userId, collectionIds],
  )
  return rows.map((row) => row.id)
}

const rank: Readonly<Record<CollectionRole, number>> = { reader: 0, editor: 1, owner: 2 }

/** The collection, if the user's role in it is at least `role`: else `resource.not_found` or `auth.forbidden`. */
export async function requireCollectionRole(
  db: Db,
  input: { readonly userId: string; readonly collectionId: string; readonly role: CollectionRole },
): Promise<Collection> {
  const collection = await getCollection(db, input)
  if (rank[collection.role] >= rank[input.role]) return collection
  throw new AppError('auth.forbidden', { detail: `This needs the role “${input.role}” in the collection.` })
}

/** Changes a collection that the user owns, if its version is still `ifVersion` (when given). */
export async function updateCollection(
  db: Db,
  input: {
    readonly userId: string
    readonly collectionId: string
    readonly name?: string | undefined
    readonly description?: string | undefined
    readonly ifVersion?: number | undefined
  },
): Promise<Collection> {
  return db.transaction(async (tx) => {
    await requireCollectionRole(tx, { ...input, role: 'owner' })
    const changed = await tx.query(
      `update collections set name = coalesce($2, name), description = coalesce($3, description),
         version = version + 1, updated_at = now()
       where id = $1 and ($4::int is null or version = $4) returning id`,
      [input.collectionId, input.name ?? null, input.description ?? null, input.ifVersion ?? null],
    )
    if (changed.length === 0) {
      throw new AppError('request.precondition_failed', {
        detail: 'Read the collection again, and repeat the change on that version.',
      })
    }
    return getCollection(tx, input)
  })
}

/** Deletes a collection that the user owns, with its documents and their chunks. */
export async function deleteCollection(
  db: Db,
  input: { readonly userId: string; readonly collectionId: string },
): Promise<void> {
  await db.transaction(async (tx) => {
    const collection = await requireCollectionRole(tx, { ...input, role: 'owner' })
    if (collection.isDefault) {
      throw new AppError('collection.not_deletable', {
        detail: 'The default collection stays: delete its documents instead.',
      })
    }
    await removeCollectionChunks(tx, collection.id)
    await tx.execute('delete from documents where collection_id = $1', [collection.id])
    await tx.execute('delete from collections where id = $1', [collection.id])
  })
}

/** The members of a collection that the user is a member of, owners first; at most 1,000. */
export async function listMembers(
  db: Db,
  input: { readonly userId: string; readonly collectionId: string },
): Promise<CollectionMember[]> {
  await getCollection(db, input)
  return db.query<CollectionMember>(
    `select u.id as "userId", u.email, u.display_name as "displayName", m.role
     from collection_members m join users u on u.id = m.user_id
     where m.collection_id = $1 order by m.role = 'owner' desc, u.display_name, u.id limit 1000`,
    [input.collectionId],
  )
}

interface MemberChange {
  readonly userId: string
  readonly collectionId: string
  readonly memberId: string
}

/** Adds a member or changes a member's role; owners only. The last owner stays one. */
export async function putMember(
  db: Db,
  input: MemberChange & { readonly role: CollectionRole },
): Promise<CollectionMember> {
  return db.transaction(async (tx) => {
    // Whoever is being removed at the same time adds nobody any more: their role is read when that is done.
    await lockCollection(tx, input.collectionId)
    await requireCollectionRole(tx, { ...input, role: 'owner' })
    const users = await tx.query<CollectionMember>(
      `insert into collection_members (collection_id, user_id, role)
       select $1, id, $3 from users where id = $2 and disabled_at is null
       on conflict (collection_id, user_id) do update set role = excluded.role
       returning user_id as "userId", role, (select email from users where id = $2) as email,
         (select display_name from users where id = $2) as "displayName"`,
      [input.collectionId, input.memberId, input.role],
    )
    await requireOwner(tx, input.collectionId)
    return firstOrNotFound(users, 'user')
  })
}

/** Removes a member: an owner may remove anybody, anybody may leave. The last owner stays. */
export async function removeMember(db: Db, input: MemberChange): Promise<void> {
  await db.transaction(async (tx) => {
    const role = input.memberId === input.userId ? 'reader' : 'owner'
    await requireCollectionRole(tx, { ...input, role })
    const removed = await tx.query(
      'delete from collection_members where collection_id = $1 and user_id = $2 returning user_id',
      [input.collectionId, input.memberId],
    )
    firstOrNotFound(removed, 'member')
    await requireOwner(tx, input.collectionId)
  })
}

async function lockCollection(tx: Db, collectionId: string): Promise<void> {
  await tx.query('select id from collections where id = $1 for update', [collectionId])
}

/**
 * Invariant: a collection has an owner, and a default collection its own user, whose uploads go there. The row lock
 * serialises two owners who step down at once.
 */
async function requireOwner(tx: Db, collectionId: string): Promise<void> {
  await lockCollection(tx, collectionId)
  const owners = await tx.query(
    `select m.user_id from collection_members m join collections c on c.id = m.collection_id
     where m.collection_id = $1 and m.role = 'owner' and (m.user_id = c.owner_id or not c.is_default) limit 1`,
    [collectionId],
  )
  if (owners.length === 0) {
    throw new AppError('collection.last_owner', { detail: 'Make somebody else an owner first.' })
  }
}
