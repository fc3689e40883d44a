// Makes, changes and deletes approval policies: who must approve which calls of tools. Each change comes with its event.
import type { Db } from '../../db/database.ts'
import { findUnknownRoles } from '../../db/auth/roles.ts'
import { createApprovalPolicy, deleteApprovalPolicy, updateApprovalPolicy } from '../../db/tools/approval-policies.ts'
import type { AuditDetails } from '../../domain/audit/event.ts'
import { AppError, type FieldFault } from '../../domain/errors.ts'
import {
  type ApprovalPolicy,
  type ChangeApprovalPolicy,
  type CreateApprovalPolicy,
  createApprovalPolicySchema,
} from '../../domain/tools/approval.ts'
import type { Context } from '../../platform/platform.ts'
import { audited, fieldsOf } from '../audit/audited.ts'
import { toFaults } from '../http/read-input.ts'

const refuse = (errors: readonly FieldFault[]): never => {
  throw new AppError('request.invalid', { detail: 'The policy can’t be stored like this.', errors })
}

async function requireRoles(tx: Db, { approverRoles = [], escalation = [] }: ChangeApprovalPolicy): Promise<void> {
  const places = [
    ...approverRoles.map((role, index) => ({ role, path: `approverRoles.${index}` })),
    ...escalation.flatMap(({ roles }, tier) =>
      roles.map((role, index) => ({ role, path: `escalation.${tier}.roles.${index}` })),
    ),
  ]
  const unknown = await findUnknownRoles(tx, [...new Set(places.map(({ role }) => role))])
  const faults = places.filter(({ role }) => unknown.includes(role))
  if (faults.length > 0) refuse(faults.map(({ path }) => ({ path, message: 'is no role' })))
}

const detailsOf = ({ match, approverRoles, quorum, exempt, version }: ApprovalPolicy): AuditDetails => ({
  match: match.join(' '),
  approverRoles: approverRoles.join(' '),
  quorum,
  exempt,
  policyVersion: version,
})

const resourceOf = ({ id, version }: ApprovalPolicy) => ({ type: 'approval_policy', id, version })

/** Throws `request.invalid` for roles that aren’t there. */
export async function makePolicy(context: Context, input: CreateApprovalPolicy): Promise<ApprovalPolicy> {
  const { newResourceId: id, actor } = context
  const { policy } = await audited(
    context,
    async (tx) => {
      await requireRoles(tx, input)
      return createApprovalPolicy(tx, { ...input, id, createdBy: actor.userId })
    },
    ({ made, policy }) =>
      made ? { action: 'approval_policy.create', resource: resourceOf(policy), details: detailsOf(policy) } : undefined,
  )
  return policy
}

/** The parts that aren't changed and those that are must fit each other, too. */
function settingsAfter(before: ApprovalPolicy, patch: ChangeApprovalPolicy): CreateApprovalPolicy {
  const { id: _id, version: _version, createdAt: _created, updatedAt: _updated, ...settings } = before
  const given = Object.fromEntries(Object.entries(patch).filter(([, value]) => value !== undefined))
  const parsed = createApprovalPolicySchema.safeParse({ ...settings, ...given })
  return parsed.success ? parsed.data : refuse(toFaults(parsed.error))
}

interface PolicyPatch {
  readonly policyId: string
  readonly patch: ChangeApprovalPolicy
  readonly ifVersion: number | undefined
}

/** Throws `resource.not_found`, `request.precondition_failed`, `request.invalid`. */
export async function changePolicy(context: Context, input: PolicyPatch): Promise<ApprovalPolicy> {
  const { policyId, patch, ifVersion } = input
  return await audited(
    context,
    async (tx) => {
      await requireRoles(tx, patch)
      return updateApprovalPolicy(tx, { policyId, ifVersion, apply: (before) => settingsAfter(before, patch) })
    },
    (policy) => ({
      action: 'approval_policy.update',
      resource: resourceOf(policy),
      details: { ...detailsOf(policy), fields: fieldsOf(patch) },
    }),
  )
}

/** Throws `resource.not_found`, `request.precondition_failed`, `approval_policy.in_use`. */
export async function removePolicy(
  context: Context,
  input: { readonly policyId: string; readonly ifVersion: number | undefined },
): Promise<void> {
  await audited(
    context,
    (tx) => deleteApprovalPolicy(tx, input),
    (policy) => ({ action: 'approval_policy.delete', resource: resourceOf(policy), details: detailsOf(policy) }),
  )
}
