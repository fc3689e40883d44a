// Approvals: what was asked, and what was decided. Whoever changes one holds its row's lock, so that votes are counted one
// after the other, and a decision that comes too late finds that it does.
import type { Approval, Decision, ToolPreview } from '../../domain/tools/approval.ts'
import {
  type AppliedPolicy,
  type Approver,
  type OpenApproval,
  type Vote,
  outcomeOf,
  rolesAt,
} from '../../domain/tools/approval-rules.ts'
import { type Page, type PageQuery, toPage } from '../../domain/resource.ts'
import { toolCallWorkflowId } from '../../domain/tools/workflow-id.ts'
import { type Db, firstOrNotFound } from '../database.ts'
import { newId } from '../ids.ts'
import { olderThan } from '../keyset.ts'

interface ApprovalRow {
  readonly id: string
  readonly executionId: string
  readonly requesterId: string
  readonly toolName: string
  readonly policyId: string | null
  readonly policyVersion: number
  readonly approverRoles: string[]
  readonly quorum: number
  readonly escalation: AppliedPolicy['escalation']
  readonly allowEdit: boolean
  readonly tier: number
  readonly revision: number
  readonly arguments: Record<string, unknown>
  readonly argumentsHash: string
  readonly preview: ToolPreview
  readonly status: Approval['status']
  readonly createdAt: Date
  readonly expiresAt: Date
  readonly decidedAt: Date | null
  readonly decisions: readonly (Vote & { readonly reason: string | null; readonly at: string })[]
  readonly delegations: OpenApproval['delegations']
}

const columns = `a.id, a.execution_id as "executionId", a.requester_id as "requesterId", a.tool_name as "toolName",
  a.policy_id as "policyId", a.policy_version as "policyVersion", a.approver_roles as "approverRoles", a.quorum,
  a.escalation, a.allow_edit as "allowEdit", a.tier, a.revision, a.arguments, a.arguments_hash as "argumentsHash",
  a.preview, a.status, a.created_at as "createdAt", a.expires_at as "expiresAt", a.decided_at as "decidedAt",
  coalesce((select jsonb_agg(jsonb_build_object('userId', d.user_id, 'standsFor', d.stands_for, 'decision', d.decision,
      'reason', d.reason, 'revision', d.revision, 'at', d.at) order by d.at, d.id)
    from approval_decisions d where d.approval_id = a.id), '[]') as decisions,
  coalesce((select jsonb_agg(jsonb_build_object('fromUserId', g.from_user_id, 'toUserId', g.to_user_id) order by g.at)
    from approval_delegations g where g.approval_id = a.id), '[]') as delegations`

/** An approval with what its rules need to know. */
export interface StoredApproval {
  readonly approval: Approval
  readonly rules: OpenApproval
  readonly policy: { readonly id: string | null; readonly version: number }
}

function toStored(row: ApprovalRow): StoredApproval {
  const { createdAt, expiresAt, decidedAt, decisions, delegations, policyId, policyVersion, escalation, ...rest } = row
  const roles = rolesAt({ approverRoles: row.approverRoles, escalation }, row.tier)
  return {
    approval: {
      ...rest,
      approverRoles: roles,
      decisions: decisions.map((vote) => ({ ...vote, at: new Date(vote.at).toISOString() })),
      createdAt: createdAt.toISOString(),
      expiresAt: expiresAt.toISOString(),
      decidedAt: decidedAt?.toISOString() ?? null,
      workflowId: toolCallWorkflowId(row.executionId),
    },
    rules: {
      requesterId: row.requesterId,
      roles,
      quorum: row.quorum,
      revision: row.revision,
      delegations,
      votes: decisions,
    },
    policy: { id: policyId, version: policyVersion },
  }
}

export interface NewApproval {
  readonly id: string
  readonly executionId: string
  readonly requesterId: string
  readonly toolName: string
  readonly policy: AppliedPolicy
  readonly arguments: Readonly<Record<string, unknown>>
  readonly argumentsHash: string
  readonly preview: ToolPreview
}

/** A run has one approval at most: asked for again, it is the one that there is (`made` is false). */
export async function createApproval(
  tx: Db,
  { policy, ...input }: NewApproval,
): Promise<{ readonly stored: StoredApproval; readonly made: boolean }> {
  const made = await tx.query(
    `insert into approvals (id, execution_id, requester_id, tool_name, policy_id, policy_version, approver_roles, quorum,
       escalation, allow_edit, arguments, arguments_hash, preview, expires_at)
     values ($1, $2, $3, $4, $5, $6, $7::text[], $8, $9::jsonb, $10, $11::jsonb, $12, $13::jsonb,
       now() + make_interval(secs => $14)) on conflict (execution_id) do nothing returning id`,
    [
      input.id,
      input.executionId,
      input.requesterId,
      input.toolName,
      policy.id,
      policy.version,
      policy.approverRoles,
      policy.quorum,
      JSON.stringify(policy.escalation),
      policy.allowEdit,
      JSON.stringify(input.arguments),
      input.argumentsHash,
      JSON.stringify(input.preview),
      policy.timeoutSeconds,
    ],
  )
  const rows = await tx.query<ApprovalRow>(`select ${columns} from approvals a where a.execution_id = $1`, [
    input.executionId,
  ])
  return { stored: toStored(firstOrNotFound(rows, 'approval')), made: made.length > 0 }
}

/** Whoever asked, may decide by a role at its tier, has had it delegated, or has decided. */
const mayRead = `(a.requester_id = $1
  or exists (select from approval_delegations g where g.approval_id = a.id and g.to_user_id = $1)
  or exists (select from approval_decisions d where d.approval_id = a.id and d.user_id = $1)
  or exists (select from user_roles ur join roles r on r.id = ur.role_id where ur.user_id = $1 and (
    r.name = any(a.approver_roles)
    or exists (select from jsonb_array_elements(a.escalation) with ordinality as s (step, place)
               where s.place <= a.tier and s.step->'roles' ? r.name))))`

/** Those that the user may read, newest first. */
export async function listApprovals(
  db: Db,
  userId: string,
  { limit, after, status }: PageQuery & { readonly status?: Approval['status'] | undefined },
): Promise<Page<Approval>> {
  const rows = await db.query<ApprovalRow>(
    `select ${columns} from approvals a where ${mayRead} and ($2::text is null or a.status = $2)
       and ${olderThan('a.id', '$3')} order by a.id desc limit $4`,
    [userId, status ?? null, after ?? null, limit + 1],
  )
  return toPage(
    rows.map((row) => toStored(row).approval),
    limit,
  )
}

/** Throws `resource.not_found` also where the user may not read it. */
export async function getApproval(
  db: Db,
  { approvalId, userId }: { readonly approvalId: string; readonly userId: string },
): Promise<StoredApproval> {
  const rows = await db.query<ApprovalRow>(`select ${columns} from approvals a where ${mayRead} and a.id = $2`, [
    userId,
    approvalId,
  ])
  return toStored(firstOrNotFound(rows, 'approval'))
}

/** For the work on it, which asks nobody's leave; locks its row until the transaction ends. Throws `resource.not_found`. */
export async function lockApproval(tx: Db, approvalId: string): Promise<StoredApproval> {
  await tx.query('select id from approvals where id = $1 for update', [approvalId])
  const rows = await tx.query<ApprovalRow>(`select ${columns} from approvals a where a.id = $1`, [approvalId])
  return toStored(firstOrNotFound(rows, 'approval'))
}

/** As they are now: their roles, and whether they may decide at all. */
export async function findApprovers(db: Db, userIds: readonly string[]): Promise<Approver[]> {
  return db.query<Approver>(
    `select u.id as "userId", array_remove(array_agg(distinct r.name), null) as roles,
       u.disabled_at is null and coalesce(bool_or(rp.permission = 'approval:decide'), false) as "mayDecide"
     from users u left join user_roles ur on ur.user_id = u.id left join roles r on r.id = ur.role_id
       left join role_permissions rp on rp.role_id = r.id
     where u.id = any($1::uuid[]) group by u.id`,
    [userIds],
  )
}

export interface NewVote {
  readonly approvalId: string
  readonly userId: string
  readonly standsFor: string | null
  readonly decision: Decision
  readonly reason: string | null
  readonly revision: number
  readonly argumentsHash: string
  /** Of the token that carried it: it counts once. */
  readonly tokenId: string
}

/** Counts a vote, and settles the approval where that decides it. The caller holds `lockApproval`. */
export async function addVote(tx: Db, vote: NewVote): Promise<StoredApproval> {
  await tx.execute(
    `insert into approval_decisions (id, approval_id, revision, user_id, stands_for, decision, reason, arguments_hash, token_id)
     values ($1, $2, $3, $4, $5, $6, $7, $8, $9)`,
    [
      newId(),
      vote.approvalId,
      vote.revision,
      vote.userId,
      vote.standsFor,
      vote.decision,
      vote.reason,
      vote.argumentsHash,
      vote.tokenId,
    ],
  )
  const { rules } = await lockApproval(tx, vote.approvalId)
  const outcome = outcomeOf(rules)
  if (outcome !== 'pending') await settleApproval(tx, vote.approvalId, outcome)
  return lockApproval(tx, vote.approvalId)
}

/** False where it is settled already. */
export async function settleApproval(
  tx: Db,
  approvalId: string,
  status: Exclude<Approval['status'], 'pending'>,
): Promise<boolean> {
  const settled = await tx.execute(
    `update approvals set status = $2, decided_at = now() where id = $1 and status = 'pending'`,
    [approvalId, status],
  )
  return settled > 0
}

/** Puts other arguments in the place of those asked for, which voids the votes. The caller holds `lockApproval`. */
export async function editArguments(
  tx: Db,
  edit: {
    readonly approvalId: string
    readonly arguments: Readonly<Record<string, unknown>>
    readonly argumentsHash: string
    readonly preview: ToolPreview
  },
): Promise<StoredApproval> {
  await tx.execute(
    `update approvals set arguments = $2::jsonb, arguments_hash = $3, preview = $4::jsonb, revision = revision + 1
     where id = $1`,
    [edit.approvalId, JSON.stringify(edit.arguments), edit.argumentsHash, JSON.stringify(edit.preview)],
  )
  return lockApproval(tx, edit.approvalId)
}

/** The later delegation of one person takes the place of the earlier one. The caller holds `lockApproval`. */
export async function addDelegation(
  tx: Db,
  delegation: {
    readonly approvalId: string
    readonly fromUserId: string
    readonly toUserId: string
    readonly tokenId: string
  },
): Promise<StoredApproval> {
  await tx.execute(
    `insert into approval_delegations (approval_id, from_user_id, to_user_id, token_id) values ($1, $2, $3, $4)
     on conflict (approval_id, from_user_id) do update set to_user_id = excluded.to_user_id,
       token_id = excluded.token_id, at = now()`,
    [delegation.approvalId, delegation.fromUserId, delegation.toUserId, delegation.tokenId],
  )
  return lockApproval(tx, delegation.approvalId)
}

/** Raises the tier; false where it is as high already, or the approval is settled. */
export async function escalateApproval(tx: Db, approvalId: string, tier: number): Promise<boolean> {
  const raised = await tx.execute(`update approvals set tier = $2 where id = $1 and tier < $2 and status = 'pending'`, [
    approvalId,
    tier,
  ])
  return raised > 0
}
