// Makes, changes and deletes collections, and says who is a member: each change with its event.
import {
  createCollection,
  deleteCollection,
  putMember,
  removeMember,
  updateCollection,
} from '../../db/documents/collections.ts'
import type { AuditAction } from '../../domain/audit/event.ts'
import type { Collection, CollectionMember, CollectionRole } from '../../domain/documents/document.ts'
import type { Context } from '../../platform/platform.ts'
import { type AuditedChange, type Auditor, audited, fieldsOf } from '../audit/audited.ts'

type Changer = Auditor & Pick<Context, 'db' | 'actor'>

const changeOf = (action: AuditAction, id: string, details: AuditedChange['details'] = {}): AuditedChange => ({
  action,
  resource: { type: 'collection', id },
  ...(Object.keys(details).length === 0 ? {} : { details }),
})

export async function makeCollection(
  context: Changer & Pick<Context, 'newResourceId'>,
  input: { readonly name: string; readonly description: string },
): Promise<Collection> {
  const id = context.newResourceId
  const { collection } = await audited(
    context,
    (tx) => createCollection(tx, { id, ownerId: context.actor.userId, ...input }),
    ({ made }) => (made ? changeOf('collection.create', id) : undefined),
  )
  return collection
}

interface CollectionPatch {
  readonly collectionId: string
  readonly name?: string | undefined
  readonly description?: string | undefined
  readonly ifVersion?: number | undefined
}

/** Throws `resource.not_found`, `auth.forbidden`, `request.precondition_failed`. */
export async function changeCollection(context: Changer, patch: CollectionPatch): Promise<Collection> {
  const { collectionId, ifVersion: _version, ...fields } = patch
  return await audited(
    context,
    (tx) => updateCollection(tx, { userId: context.actor.userId, ...patch }),
    () => changeOf('collection.update', collectionId, { fields: fieldsOf(fields) }),
  )
}

/** Throws `resource.not_found`, `auth.forbidden`, `collection.not_deletable`. */
export async function removeCollection(context: Changer, collectionId: string): Promise<void> {
  await audited(
    context,
    (tx) => deleteCollection(tx, { userId: context.actor.userId, collectionId }),
    () => changeOf('collection.delete', collectionId),
  )
}

interface Membership {
  readonly collectionId: string
  readonly memberId: string
}

/** Throws `resource.not_found`, `auth.forbidden`, `collection.last_owner`. */
export async function changeMember(
  context: Changer,
  { role, ...membership }: Membership & { readonly role: CollectionRole },
): Promise<CollectionMember> {
  const { collectionId, memberId } = membership
  return await audited(
    context,
    (tx) => putMember(tx, { userId: context.actor.userId, ...membership, role }),
    () => changeOf('collection_member.update', collectionId, { memberId, role }),
  )
}

/** Throws `resource.not_found`, `auth.forbidden`, `collection.last_owner`. */
export async function removeOneMember(context: Changer, membership: Membership): Promise<void> {
  const { collectionId, memberId } = membership
  await audited(
    context,
    (tx) => removeMember(tx, { userId: context.actor.userId, ...membership }),
    () => changeOf('collection_member.delete', collectionId, { memberId }),
  )
}
