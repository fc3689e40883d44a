// Who was given a value: a row that is committed before the value is read. The application can add rows, not change them.
import { type Page, type PageQuery, toPage } from '../../domain/resource.ts'
import type { SecretAccess } from '../../domain/vault/secret.ts'
import type { Db } from '../database.ts'
import { newId } from '../ids.ts'
import { olderThan } from '../keyset.ts'
import type { VersionPlace } from './version-rows.ts'

export interface NewAccess extends VersionPlace {
  readonly actorType: 'user' | 'system'
  readonly actorId?: string | undefined
  /** noun.verb of what it was given for, such as `secret.read`. */
  readonly purpose: string
  readonly requestId?: string | undefined
  readonly workflowId?: string | undefined
}

export async function recordAccess(tx: Db, access: NewAccess): Promise<void> {
  const { secretId, version, actorType, actorId, purpose, requestId, workflowId } = access
  await tx.execute(
    `insert into secret_access_log (id, secret_id, version, actor_type, actor_id, purpose, request_id, workflow_id)
     values ($1, $2, $3, $4, $5, $6, $7, $8)`,
    [newId(), secretId, version, actorType, actorId ?? null, purpose, requestId ?? null, workflowId ?? null],
  )
}

interface AccessRow extends Omit<SecretAccess, 'at'> {
  readonly at: Date
}

/** Newest first. */
export async function listAccesses(db: Db, secretId: string, { limit, after }: PageQuery): Promise<Page<SecretAccess>> {
  const rows = await db.query<AccessRow>(
    `select id, version, actor_type as "actorType", actor_id as "actorId", purpose, request_id as "requestId",
       workflow_id as "workflowId", at
     from secret_access_log where secret_id = $1 and ${olderThan('id', '$2')} order by id desc limit $3`,
    [secretId, after ?? null, limit + 1],
  )
  return toPage(
    rows.map((row) => ({ ...row, at: row.at.toISOString() })),
    limit,
  )
}
