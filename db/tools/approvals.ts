// Approvals as they are read: by whom it concerns, and by the work on them, which holds their rows.
import type { Approval, ToolPreview } from '../../domain/tools/approval.ts'
import { type AppliedPolicy, type OpenApproval, type Vote, rolesAt } from '../../domain/tools/approval-rules.ts'
import { type Page, type PageQuery, toPage } from '../../domain/resource.ts'
import { toolCallWorkflowId } from '../../domain/tools/workflow-id.ts'
import { type Db, firstOrNotFound } from '../database.ts'
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
  readonly openedAt: Date
  readonly isOver: boolean
  readonly expiresAt: Date
  readonly decidedAt: Date | null
  readonly decisions: readonly (Vote & { readonly reason: string | null; readonly at: string })[]
  readonly delegations: OpenApproval['delegations']
}

const columns = `a.id, a.execution_id as "executionId", a.requester_id as "requesterId", a.tool_name as "toolName",
  a.policy_id as "policyId", a.policy_version as "policyVersion", a.approver_roles as "approverRoles", a.quorum,
  a.escalation, a.allow_edit as "allowEdit", a.tier, a.revision, a.arguments, a.arguments_hash as "argumentsHash",
  a.preview, a.status, a.created_at as "createdAt", a.opened_at as "openedAt",
  a.expires_at as "expiresAt", a.expires_at <= now() as "isOver", a.decided_at as "decidedAt",
  coalesce((select jsonb_agg(jsonb_build_object('userId', d.user_id, 'standsFor', d.stands_for, 'decision', d.decision,
      'reason', d.reason, 'revision', d.revision, 'at', d.at) order by d.at, d.id)
    from approval_decisions d where d.approval_id = a.id), '[]') as decisions,
  coalesce((select jsonb_agg(jsonb_build_object('fromUserId', g.from_user_id, 'toUserId', g.to_user_id) order by g.at)
    from (select distinct on (d.from_user_id) d.from_user_id, d.to_user_id, d.at from approval_delegations d
      where d.approval_id = a.id order by d.from_user_id, d.at desc, d.token_id) g), '[]') as delegations`

/** An approval with what its rules need to know. */
export interface StoredApproval {
  readonly approval: Approval
  readonly rules: OpenApproval
  readonly policy: { readonly id: string | null; readonly version: number }
  /** Its rules' times count from here; later than its making where it had to be opened anew. */
  readonly openedAt: Date
  /** Its time is up, by the database's clock. */
  readonly isOver: boolean
  readonly escalation: AppliedPolicy['escalation']
}

function toStored(row: ApprovalRow): StoredApproval {
  const {
    createdAt,
    openedAt,
    isOver,
    expiresAt,
    decidedAt,
    decisions,
    delegations,
    policyId,
    policyVersion,
    escalation,
    ...rest
  } = row
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
    openedAt,
    isOver,
    escalation,
  }
}

/** The one of a run; undefined where none was asked for. */
export async function findApprovalOf(db: Db, executionId: string): Promise<StoredApproval | undefined> {
  const [row] = await db.query<ApprovalRow>(`select ${columns} from approvals a where a.execution_id = $1`, [
    executionId,
  ])
  return row && toStored(row)
}

/** Whoever asked, may decide by a role at its tier, has had it delegated, or has decided. */
const mayRead = `(a.requester_id = $1
  or exists (select from approval_delegations g where g.approval_id = a.id and g.to_user_id = $1)
  or exists (select from approval_decisions d where d.approval_id = a.id and d.user_id = $1)
  or exists (select from user_roles ur join role_permissions rp on rp.role_id = ur.role_id
      where ur.user_id = $1 and rp.permission = 'approval:decide')
    and exists (select from user_roles ur join roles r on r.id = ur.role_id where ur.user_id = $1 and (
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

/**
 * For the work on it, which asks nobody's leave; locks its run and it until the transaction ends, always in this order.
 * Throws `resource.not_found`.
 */
export async function lockApproval(tx: Db, approvalId: string): Promise<StoredApproval> {
  await tx.query(
    'select e.id from tool_executions e join approvals a on a.execution_id = e.id where a.id = $1 for update of e',
    [approvalId],
  )
  await tx.query('select id from approvals where id = $1 for update', [approvalId])
  const rows = await tx.query<ApprovalRow>(`select ${columns} from approvals a where a.id = $1`, [approvalId])
  return toStored(firstOrNotFound(rows, 'approval'))
}
