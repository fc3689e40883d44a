// API keys: made for a program that acts for their owner, or by an administrator for a service; shown once, ended at any
// time. None may do more than whoever makes it.
import { createApiKey as storeApiKey, requireApiKey, revokeApiKey } from '../../db/auth/api-keys.ts'
import type { ApiKey, CreateApiKey } from '../../domain/auth/session.ts'
import { makeApiKey } from '../../platform/auth/api-key.ts'
import { lockActor } from '../../platform/auth/lock-actor.ts'
import type { Context } from '../../platform/platform.ts'
import { type Auditor, audited } from '../audit/audited.ts'
import { requireGrantable } from './grantable.ts'

type KeyContext = Auditor & Pick<Context, 'db' | 'actor' | 'actors' | 'newResourceId'>

export interface MadeApiKey {
  readonly apiKey: ApiKey
  readonly key: string
}

/**
 * `serviceId`: the account, with the role of a service, that it is granted to; else the caller’s own. Throws
 * `auth.grant_exceeded`, `resource.not_found`.
 */
export async function createApiKey(
  context: KeyContext,
  { name, scopes, expiresAt }: CreateApiKey,
  serviceId?: string,
): Promise<MadeApiKey> {
  const { actor, newResourceId: id } = context
  const userId = serviceId ?? actor.userId
  const { key, secretHash } = makeApiKey(id)
  const grantedBy = serviceId === undefined ? undefined : actor.userId
  const apiKey = await audited(
    context,
    async (tx) => {
      const needs = serviceId === undefined ? undefined : 'user:write'
      requireGrantable(await lockActor(tx, actor, needs), scopes, 'scopes')
      return await storeApiKey(tx, { id, userId, name, secretHash, scopes, expiresAt, grantedBy })
    },
    () => ({
      action: 'api_key.create',
      resource: { type: 'api_key', id },
      details: { scopes: scopes.join(' '), ...(expiresAt !== undefined && { expiresAt }) },
      subjectId: userId,
    }),
  )
  return { apiKey, key }
}

/** Throws `resource.not_found` for one that has ended, or isn’t this account’s. */
export async function deleteApiKey(
  context: KeyContext,
  { keyId, userId }: { readonly keyId: string; readonly userId: string },
): Promise<void> {
  // What isn’t theirs isn’t marked.
  await requireApiKey(context.db, { userId, keyId })
  await context.actors.changing({ keyIds: [keyId] }, () =>
    audited(
      context,
      (tx) => revokeApiKey(tx, { userId, keyId }),
      () => ({ action: 'api_key.delete', resource: { type: 'api_key', id: keyId }, subjectId: userId }),
    ),
  )
}
