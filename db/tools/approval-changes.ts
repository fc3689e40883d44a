// What happens to an approval. Whoever changes one holds its row's lock (`lockApproval`), so that votes are counted one after
// the other, and a decision that comes too late finds that it does.
import type { Approval, Decision, ToolPreview } from '../../domain/tools/approval.ts'
import { type AppliedPolicy, outcomeOf } from '../../domain/tools/approval-rules.ts'
import { type Db, firstOrNotFound } from '../database.ts'
import { newId } from '../ids.ts'
import { type StoredApproval, findApprovalOf, lockApproval } from './approvals.ts'

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
  const stored = await findApprovalOf(tx, input.executionId)
  return { stored: firstOrNotFound(stored === undefined ? [] : [stored], 'approval'), made: made.length > 0 }
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

/** Of one person the later delegation counts. The caller holds `lockApproval`. */
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
    `insert into approval_delegations (approval_id, from_user_id, to_user_id, token_id) values ($1, $2, $3, $4)`,
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

/**
 * Waits anew, under other rules or for other voices, and shows what would run now: what was decided before counts no more.
 * The caller holds `lockApproval`.
 */
export async function reopenApproval(
  tx: Db,
  approvalId: string,
  { policy, ...now }: Pick<NewApproval, 'policy' | 'arguments' | 'argumentsHash' | 'preview'>,
): Promise<StoredApproval> {
  await tx.execute(
    `update approvals set status = 'pending', decided_at = null, tier = 0, revision = revision + 1, arguments_hash = $2,
       policy_id = $3, policy_version = $4, approver_roles = $5::text[], quorum = $6, escalation = $7::jsonb,
       allow_edit = $8, arguments = $10::jsonb, preview = $11::jsonb, opened_at = now(),
       expires_at = now() + make_interval(secs => $9)
     where id = $1`,
    [
      approvalId,
      now.argumentsHash,
      policy.id,
      policy.version,
      policy.approverRoles,
      policy.quorum,
      JSON.stringify(policy.escalation),
      policy.allowEdit,
      policy.timeoutSeconds,
      JSON.stringify(now.arguments),
      JSON.stringify(now.preview),
    ],
  )
  return lockApproval(tx, approvalId)
}
