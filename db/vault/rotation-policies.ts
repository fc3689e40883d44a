// Rotation policies: one a secret. The row is the truth; a Temporal Schedule is kept in step with it.
import { AppError } from '../../domain/errors.ts'
import {
  type PutRotationPolicy,
  type RotationTarget,
  rotationTargetSchema,
} from '../../domain/vault/rotation-policy.ts'
import type { Db } from '../database.ts'
import { setManaged } from './secrets.ts'

export interface StoredPolicy {
  readonly secretId: string
  readonly target: RotationTarget
  readonly everySeconds: number
  readonly graceSeconds: number
  /** The schedule's intervals are counted from here. */
  readonly anchoredAt: Date
  /** Since when the schedule pauses, because a scheduled rotation has failed. */
  readonly pausedAt: Date | null
}

interface PolicyRow extends Omit<StoredPolicy, 'target'> {
  readonly rotator: string
  readonly config: unknown
}

const columns = `p.secret_id as "secretId", p.rotator, p.config, p.every_seconds as "everySeconds",
  p.grace_seconds as "graceSeconds", p.anchored_at as "anchoredAt", p.paused_at as "pausedAt"`

const toPolicy = ({ rotator, config, ...row }: PolicyRow): StoredPolicy => ({
  ...row,
  target: rotationTargetSchema.parse({ rotator, config }),
})

/** Makes or replaces the policy, and takes its pause away. The caller holds `lockSecret`. */
export async function putRotationPolicy(
  tx: Db,
  { secretId, updatedBy, policy }: { secretId: string; updatedBy: string; policy: PutRotationPolicy },
): Promise<void> {
  await tx.execute(
    `insert into rotation_policies (secret_id, rotator, config, every_seconds, grace_seconds, updated_by)
     values ($1, $2, $3::jsonb, $4, $5, $6)
     on conflict (secret_id) do update set rotator = excluded.rotator, config = excluded.config,
       every_seconds = excluded.every_seconds, grace_seconds = excluded.grace_seconds, anchored_at = now(),
       paused_at = null, updated_by = excluded.updated_by, updated_at = now()`,
    [secretId, policy.rotator, JSON.stringify(policy.config), policy.everySeconds, policy.graceSeconds, updatedBy],
  )
  await setManaged(tx, secretId, true)
}

/** Removes the policy; false when there is none. A rotation that is under way ends as it began. The caller holds `lockSecret`. */
export async function deleteRotationPolicy(tx: Db, secretId: string): Promise<boolean> {
  const removed = await tx.execute('delete from rotation_policies where secret_id = $1', [secretId])
  await releaseManaged(tx, secretId)
  return removed > 0
}

/** A secret stays managed for as long as it has a policy or an open rotation. The caller holds `lockSecret`. */
export async function releaseManaged(tx: Db, secretId: string): Promise<void> {
  await tx.execute(
    `update secrets set managed = false, updated_at = now() where id = $1 and managed
       and not exists (select from rotation_policies where secret_id = $1)
       and not exists (select from secret_rotations where secret_id = $1 and ended_at is null)`,
    [secretId],
  )
}

export async function findRotationPolicy(db: Db, secretId: string): Promise<StoredPolicy | undefined> {
  const [row] = await db.query<PolicyRow>(`select ${columns} from rotation_policies p where p.secret_id = $1`, [
    secretId,
  ])
  return row && toPolicy(row)
}

/** Throws `rotation.no_policy`. */
export async function getRotationPolicy(db: Db, secretId: string): Promise<StoredPolicy> {
  const policy = await findRotationPolicy(db, secretId)
  if (policy !== undefined) return policy
  throw new AppError('rotation.no_policy', { detail: 'Put a rotation policy first.' })
}

/** Whether another secret rotates the signing key, by its policy or by a rotation that goes on without one. */
export async function hasOtherSigningKeyRotation(tx: Db, secretId: string): Promise<boolean> {
  const rows = await tx.query(
    `select secret_id from rotation_policies where rotator = 'jwt-signing-key' and secret_id <> $1
     union all
     select secret_id from secret_rotations where rotator = 'jwt-signing-key' and ended_at is null and secret_id <> $1`,
    [secretId],
  )
  return rows.length > 0
}

/** A page of all policies, in the order of their secrets. */
export async function listRotationPolicies(
  db: Db,
  { after, limit }: { readonly after: string | undefined; readonly limit: number },
): Promise<StoredPolicy[]> {
  const rows = await db.query<PolicyRow>(
    `select ${columns} from rotation_policies p
     where p.secret_id > coalesce($1::uuid, '00000000-0000-0000-0000-000000000000') order by p.secret_id limit $2`,
    [after ?? null, limit],
  )
  return rows.map(toPolicy)
}

/** Records that the schedule pauses, or goes on again. */
export async function setPolicyPaused(tx: Db, secretId: string, paused: boolean): Promise<void> {
  await tx.execute(
    `update rotation_policies set paused_at = case when $2::boolean then coalesce(paused_at, now()) end
     where secret_id = $1 and (paused_at is not null) <> $2::boolean`,
    [secretId, paused],
  )
}
