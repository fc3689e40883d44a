// Decisions, delegations, and the tokens for both. What a request says is signed here and sent to the run's workflow, whose
// activity checks it again under the approval's lock: what is refused here is refused early, not only here.
import { setTimeout } from 'node:timers/promises'
import { WorkflowNotFoundError, WorkflowUpdateFailedError } from '@temporalio/client'
import { newId } from '../../db/ids.ts'
import { type ApprovalEdit, createEdit } from '../../db/tools/approval-tokens.ts'
import { type StoredApproval, getApproval } from '../../db/tools/approvals.ts'
import { requireDelegate, requireStanding } from '../../db/tools/approvers.ts'
import { getExecutionWork } from '../../db/tools/execution-work.ts'
import { AppError } from '../../domain/errors.ts'
import type { Approval, ApprovalTokenRequest, DecideApproval, DelegateApproval } from '../../domain/tools/approval.ts'
import type { ApprovalAct, ApprovalStatement } from '../../platform/approval-tokens.ts'
import type { Context } from '../../platform/platform.ts'
import { toUpdateError } from '../../platform/temporal/update-error.ts'
import { decideUpdateName, delegateUpdateName } from '../../workflows/tools/messages.ts'
import { audited } from '../audit/audited.ts'
import { sessionOf } from '../auth/session-of.ts'

const decided = (detail: string): AppError => new AppError('approval.already_decided', { detail })

/** Throws what would keep the caller from deciding at this moment. */
async function readOpen({ db, actor }: Context, approvalId: string): Promise<StoredApproval> {
  const stored = await getApproval(db, { approvalId, userId: actor.userId })
  const { approval, rules, isOver } = stored
  if (approval.requesterId === actor.userId) throw new AppError('approval.own_request')
  if (approval.status !== 'pending') throw decided(`It is ${approval.status}.`)
  if (isOver) throw decided('Its time is up.')
  await requireStanding(db, rules, actor.userId)
  return stored
}

/** The arguments as they would be. Throws `approval.edit_refused`, `tool.arguments_invalid`. */
async function requireEditable(
  { db, tools }: Context,
  { approval }: StoredApproval,
  args: Readonly<Record<string, unknown>>,
): Promise<void> {
  if (!approval.allowEdit) {
    throw new AppError('approval.edit_refused', { detail: 'Its policy allows no other arguments: approve or deny it.' })
  }
  const { tool } = await getExecutionWork(db, approval.executionId)
  tools.check(tool.inputSchema, args)
  tools.preview(tool, args)
}

interface Said {
  readonly act: ApprovalAct
  /** What the act refers to. */
  readonly edit?: ApprovalEdit
}

/** Without `argumentsHash` it is about the arguments as they are now. Throws `approval.arguments_changed`. */
async function actOf(
  context: Context,
  stored: StoredApproval,
  { decision, reason, arguments: edited, argumentsHash }: DecideApproval,
): Promise<Said> {
  const current = stored.approval.argumentsHash
  if (argumentsHash !== undefined && argumentsHash !== current) {
    throw new AppError('approval.arguments_changed', { detail: 'Read the approval again, and decide on what it says.' })
  }
  const said = { argumentsHash: current, ...(reason !== undefined && { reason }) }
  if (decision === 'deny') return { act: { act: 'deny', ...said } }
  if (edited === undefined) return { act: { act: 'approve', ...said } }
  await requireEditable(context, stored, edited)
  const { approval } = stored
  const edit = { id: newId(), approvalId: approval.id, userId: context.actor.userId, arguments: edited }
  return { act: { act: 'approve', ...said, editId: edit.id }, edit }
}

async function delegateActOf(
  { db, actor }: Context,
  { rules }: StoredApproval,
  { userId }: DelegateApproval,
): Promise<Said> {
  await requireDelegate(db, rules, { fromUserId: actor.userId, toUserId: userId })
  return { act: { act: 'delegate', to: userId } }
}

function mint(
  { approvalTokens, actor }: Context,
  { approvalId, act, requestId }: Pick<ApprovalStatement, 'approvalId' | 'act' | 'requestId'>,
): Promise<string> {
  return approvalTokens.mint({ approvalId, ...sessionOf(actor), act, requestId })
}

/** Longer than the activity behind the Update is given. */
const updateDeadlineMs = 70_000
/** How long a workflow may take to notice that its approval is open, and how often it is asked. */
const noticeMs = 10_000
const noticePauseMs = 50

const notUnderWay = (): AppError =>
  new AppError('service.unavailable', { detail: 'The run isn’t under way yet. Try again in a moment.' })

interface Sending {
  readonly update: string
  readonly token: string
}

async function sendOnce({ temporal }: Context, { approval }: StoredApproval, { update, token }: Sending) {
  try {
    const handle = temporal.workflow.getHandle(approval.workflowId)
    await temporal.withDeadline(Date.now() + updateDeadlineMs, () =>
      handle.executeUpdate(update, { args: [{ token }] }),
    )
  } catch (error) {
    throw error instanceof WorkflowUpdateFailedError ? toUpdateError(error) : error
  }
}

/**
 * A request is told of when its rows are committed, a moment before its workflow knows: whoever decides at once is refused
 * by the workflow as if there were nothing to decide. The rows say which it is; the token hasn't served.
 */
async function send(context: Context, stored: StoredApproval, sending: Sending): Promise<Approval> {
  const { id: approvalId } = stored.approval
  const until = Date.now() + noticeMs
  for (;;) {
    try {
      await sendOnce(context, stored, sending)
      return (await getApproval(context.db, { approvalId, userId: context.actor.userId })).approval
    } catch (error) {
      const isEarly = error instanceof AppError && error.code === 'approval.already_decided'
      if (!isEarly && !(error instanceof WorkflowNotFoundError)) throw error
      await readOpen(context, approvalId)
      if (!isEarly || Date.now() > until) throw notUnderWay()
      await setTimeout(noticePauseMs)
    }
  }
}

/**
 * Resolves to the approval after it. Throws `approval.own_request`, `approval.not_eligible`, `approval.already_decided`,
 * `approval.arguments_changed`, `approval.edit_refused`, `tool.arguments_invalid`.
 */
export async function decideApproval(context: Context, approvalId: string, body: DecideApproval): Promise<Approval> {
  const stored = await readOpen(context, approvalId)
  const { act, edit } = await actOf(context, stored, body)
  if (edit !== undefined) await createEdit(context.db, edit)
  return send(context, stored, {
    update: decideUpdateName,
    token: await mint(context, { approvalId, act, requestId: context.requestId }),
  })
}

/** As `decideApproval`; `request.invalid` for somebody who can't stand in. */
export async function delegateApproval(
  context: Context,
  approvalId: string,
  body: DelegateApproval,
): Promise<Approval> {
  const stored = await readOpen(context, approvalId)
  const { act } = await delegateActOf(context, stored, body)
  return send(context, stored, {
    update: delegateUpdateName,
    token: await mint(context, { approvalId, act, requestId: context.requestId }),
  })
}

/** What `decideApproval` or `delegateApproval` would send, for somebody else to send. */
export async function mintToken(
  context: Context,
  approvalId: string,
  body: ApprovalTokenRequest,
): Promise<{ readonly token: string; readonly expiresAt: string }> {
  const stored = await readOpen(context, approvalId)
  const said = 'userId' in body ? delegateActOf(context, stored, body) : actOf(context, stored, body)
  const { act, edit } = await said
  await audited(
    context,
    async (tx) => {
      if (edit !== undefined) await createEdit(tx, edit)
    },
    () => ({
      action: 'approval_token.create',
      resource: { type: 'approval', id: approvalId },
      approvalId,
      details: { act: act.act, executionId: stored.approval.executionId },
    }),
  )
  const token = await mint(context, { approvalId, act })
  return { token, expiresAt: new Date(Date.now() + context.approvalTokens.expiresInSeconds * 1_000).toISOString() }
}
