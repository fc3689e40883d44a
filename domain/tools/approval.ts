// Approvals and the policies that they follow, as clients see them.
import { z } from 'zod'
import { etagVersion, id, timestamp } from '../resource.ts'
import { jsonObject } from './json-object.ts'

const roleName = z.string().min(1).max(64)
/** `*` stands for any characters of a tool's name. */
const toolGlob = z
  .string()
  .max(64)
  .regex(/^[a-z0-9_*]+$/, 'is a tool’s name, in which * stands for any characters')
/** Thirty days. */
const maxSeconds = 2_592_000
const seconds = z.int().min(1).max(maxSeconds)

const escalationTier = z.strictObject({ afterSeconds: seconds, roles: z.array(roleName).min(1).max(10) })
export type EscalationTier = z.infer<typeof escalationTier>

const policySettings = {
  match: z.array(toolGlob).min(1).max(50),
  approverRoles: z.array(roleName).min(1).max(10),
  quorum: z.int().min(1).max(10),
  /** From the request to the end: nothing lengthens it. */
  timeoutSeconds: seconds,
  /** Roles that may decide as well, once so long has passed. */
  escalation: z.array(escalationTier).max(10),
  allowEdit: z.boolean(),
  /** What matches may do without an approval what its own setting doesn't ask one for. */
  exempt: z.boolean(),
}

interface Times {
  readonly timeoutSeconds?: number | undefined
  readonly escalation?: readonly EscalationTier[] | undefined
}

function escalatesInTime({ timeoutSeconds, escalation = [] }: Times): boolean {
  const times = escalation.map(({ afterSeconds }) => afterSeconds)
  const rises = times.every((time, index) => time > (times[index - 1] ?? 0))
  return rises && (timeoutSeconds === undefined || (times.at(-1) ?? 0) < timeoutSeconds)
}
const inTime = { path: ['escalation'], message: 'rises, and ends before timeoutSeconds' }

export const approvalPolicySchema = z
  .object({ id, ...policySettings, version: etagVersion, createdAt: timestamp, updatedAt: timestamp })
  .meta({ id: 'ApprovalPolicy' })
export type ApprovalPolicy = z.infer<typeof approvalPolicySchema>

export const createApprovalPolicySchema = z
  .strictObject({
    ...policySettings,
    quorum: policySettings.quorum.default(1),
    timeoutSeconds: policySettings.timeoutSeconds.default(86_400),
    escalation: policySettings.escalation.default([]),
    allowEdit: policySettings.allowEdit.default(false),
    exempt: policySettings.exempt.default(false),
  })
  .refine(escalatesInTime, inTime)
export type CreateApprovalPolicy = z.infer<typeof createApprovalPolicySchema>

export const changeApprovalPolicySchema = z.strictObject(policySettings).partial().refine(escalatesInTime, inTime)
export type ChangeApprovalPolicy = z.infer<typeof changeApprovalPolicySchema>

export const approvalStatuses = ['pending', 'approved', 'denied', 'expired', 'cancelled'] as const
export type ApprovalStatus = (typeof approvalStatuses)[number]
export const decisions = ['approve', 'deny'] as const
export type Decision = (typeof decisions)[number]

const toolArguments = jsonObject(1_000)
/** SHA-256 in hexadecimal. */
const argumentsHash = z
  .string()
  .max(64)
  .regex(/^[0-9a-f]{64}$/, 'is 64 hexadecimal digits')

/** What will run, for whoever decides; secrets stand by their paths. */
export const previewSchema = z
  .object({
    method: z.string().nullable(),
    url: z.string().nullable(),
    secretPaths: z.array(z.string()),
    body: z.string().nullable(),
  })
  .meta({ id: 'ToolPreview' })
export type ToolPreview = z.infer<typeof previewSchema>

export const approvalSchema = z
  .object({
    id,
    executionId: id,
    toolName: z.string(),
    /** As they will run: those asked for, or what an approver made of them. */
    arguments: toolArguments,
    argumentsHash,
    preview: previewSchema,
    requesterId: id,
    status: z.enum(approvalStatuses),
    quorum: z.int(),
    /** Who may decide now, by role. */
    approverRoles: z.array(z.string()),
    allowEdit: z.boolean(),
    /** Rises with each edit of the arguments, which voids the votes before it. */
    revision: z.int(),
    decisions: z.array(
      z.object({
        userId: id,
        /** Who has delegated to them. */
        standsFor: id.nullable(),
        decision: z.enum(decisions),
        reason: z.string().nullable(),
        revision: z.int(),
        at: timestamp,
      }),
    ),
    /** How often it has been escalated. */
    tier: z.int(),
    createdAt: timestamp,
    expiresAt: timestamp,
    decidedAt: timestamp.nullable(),
    workflowId: z.string(),
  })
  .meta({ id: 'Approval' })
export type Approval = z.infer<typeof approvalSchema>

const decision = {
  decision: z.enum(decisions),
  reason: z.string().trim().min(1).max(2_000).optional(),
  /** In place of those asked for, where the policy allows it; then `argumentsHash` names those that were read. */
  arguments: toolArguments.optional(),
  argumentsHash: argumentsHash.optional(),
}
const namesWhatItReplaces = ({
  arguments: edited,
  argumentsHash: read,
}: {
  arguments?: unknown
  argumentsHash?: unknown
}) => edited === undefined || read !== undefined
const needsHash = { path: ['argumentsHash'], message: 'is needed with arguments: the hash of those that you have read' }

export const decideApprovalSchema = z.strictObject(decision).refine(namesWhatItReplaces, needsHash)
export type DecideApproval = z.infer<typeof decideApprovalSchema>

export const delegateApprovalSchema = z.strictObject({ userId: id })
export type DelegateApproval = z.infer<typeof delegateApprovalSchema>

/** What the token shall say: a decision, or a delegation. */
export const approvalTokenSchema = z.union([decideApprovalSchema, delegateApprovalSchema])
export type ApprovalTokenRequest = z.infer<typeof approvalTokenSchema>
