// Approval policies. A change gives a policy a new version, by which an approval knows that its rules have changed.
import { AppError } from '../../domain/errors.ts'
import { type Page, type PageQuery, toPage } from '../../domain/resource.ts'
import type { ApprovalPolicy, CreateApprovalPolicy } from '../../domain/tools/approval.ts'
import { type Db, firstOrNotFound } from '../database.ts'
import { olderThan } from '../keyset.ts'

interface PolicyRow extends Omit<ApprovalPolicy, 'createdAt' | 'updatedAt'> {
  readonly createdAt: Date
  readonly updatedAt: Date
}

const columns = `p.id, p.match, p.approver_roles as "approverRoles", p.quorum, p.timeout_seconds as "timeoutSeconds",
  p.escalation, p.allow_edit as "allowEdit", p.exempt, p.version, p.created_at as "createdAt", p.updated_at as "updatedAt"`

const toPolicy = (row: PolicyRow): ApprovalPolicy => ({
  ...row,
  createdAt: row.createdAt.toISOString(),
  updatedAt: row.updatedAt.toISOString(),
})

const bindOf = (policy: CreateApprovalPolicy): unknown[] => [
  policy.match,
  policy.approverRoles,
  policy.quorum,
  policy.timeoutSeconds,
  JSON.stringify(policy.escalation),
  policy.allowEdit,
  policy.exempt,
]

export interface NewApprovalPolicy extends CreateApprovalPolicy {
  readonly id: string
  readonly createdBy: string
}

/** The same id again changes nothing (`made` is false). */
export async function createApprovalPolicy(
  tx: Db,
  policy: NewApprovalPolicy,
): Promise<{ readonly policy: ApprovalPolicy; readonly made: boolean }> {
  const made = await tx.query(
    `insert into approval_policies (id, created_by, match, approver_roles, quorum, timeout_seconds, escalation,
       allow_edit, exempt)
     values ($1, $2, $3::text[], $4::text[], $5, $6, $7::jsonb, $8, $9) on conflict (id) do nothing returning id`,
    [policy.id, policy.createdBy, ...bindOf(policy)],
  )
  return { policy: await getApprovalPolicy(tx, policy.id), made: made.length > 0 }
}

/** Newest first. */
export async function listApprovalPolicies(db: Db, { limit, after }: PageQuery): Promise<Page<ApprovalPolicy>> {
  const rows = await db.query<PolicyRow>(
    `select ${columns} from approval_policies p where ${olderThan('p.id', '$1')} order by p.id desc limit $2`,
    [after ?? null, limit + 1],
  )
  return toPage(rows.map(toPolicy), limit)
}

/** All of them: who writes them are few, and each call of a tool asks which applies. */
export async function findApprovalPolicies(db: Db): Promise<ApprovalPolicy[]> {
  return (await db.query<PolicyRow>(`select ${columns} from approval_policies p`)).map(toPolicy)
}

/** Throws `resource.not_found`. */
export async function getApprovalPolicy(db: Db, policyId: string): Promise<ApprovalPolicy> {
  const rows = await db.query<PolicyRow>(`select ${columns} from approval_policies p where p.id = $1`, [policyId])
  return toPolicy(firstOrNotFound(rows, 'approval policy'))
}

function requireVersion({ version }: ApprovalPolicy, ifVersion: number | undefined): void {
  if (ifVersion === undefined || ifVersion === version) return
  throw new AppError('request.precondition_failed', {
    detail: 'Read the policy again, and repeat the change on that version.',
  })
}

/** Keeps a policy from being deleted until the transaction ends; false where there is none. */
export async function holdApprovalPolicy(tx: Db, policyId: string): Promise<boolean> {
  return (await tx.query('select id from approval_policies where id = $1 for key share', [policyId])).length > 0
}

export interface ApprovalPolicyChange {
  readonly policyId: string
  /** The whole of it as it will be, from what it was. */
  apply(before: ApprovalPolicy): CreateApprovalPolicy
  readonly ifVersion?: number | undefined
}

/** Throws `resource.not_found`, `request.precondition_failed`, and what `apply` throws. In a transaction. */
export async function updateApprovalPolicy(
  tx: Db,
  { policyId, apply, ifVersion }: ApprovalPolicyChange,
): Promise<ApprovalPolicy> {
  await tx.query('select id from approval_policies where id = $1 for update', [policyId])
  const before = await getApprovalPolicy(tx, policyId)
  requireVersion(before, ifVersion)
  const rows = await tx.query<PolicyRow>(
    `update approval_policies p set match = $2::text[], approver_roles = $3::text[], quorum = $4, timeout_seconds = $5,
       escalation = $6::jsonb, allow_edit = $7, exempt = $8, version = p.version + 1, updated_at = now()
     where p.id = $1 returning ${columns}`,
    [policyId, ...bindOf(apply(before))],
  )
  return toPolicy(firstOrNotFound(rows, 'approval policy'))
}

/**
 * Throws `resource.not_found`, `request.precondition_failed`, and `approval_policy.in_use` while a tool names it. In a
 * transaction: its row's lock keeps tools from naming it meanwhile.
 */
export async function deleteApprovalPolicy(
  tx: Db,
  { policyId, ifVersion }: { readonly policyId: string; readonly ifVersion?: number | undefined },
): Promise<ApprovalPolicy> {
  await tx.query('select id from approval_policies where id = $1 for update', [policyId])
  const policy = await getApprovalPolicy(tx, policyId)
  requireVersion(policy, ifVersion)
  const [used] = await tx.query<{ name: string }>(
    'select name from tools where policy_id = $1 and deleted_at is null limit 1',
    [policyId],
  )
  if (used !== undefined) {
    throw new AppError('approval_policy.in_use', { detail: `The tool ${used.name} names it: change the tool first.` })
  }
  await tx.execute('update tools set policy_id = null where policy_id = $1', [policyId])
  await tx.execute('delete from approval_policies where id = $1', [policyId])
  return policy
}
