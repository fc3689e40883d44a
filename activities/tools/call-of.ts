// What an activity of a tool call works on, read from the rows by the run's id: nothing of it comes from a payload.
import { Context } from '@temporalio/activity'
import { findApprovalPolicies } from '../../db/tools/approval-policies.ts'
import { type ExecutionWork, getExecutionWork } from '../../db/tools/execution-work.ts'
import type { Db } from '../../db/database.ts'
import { AppError } from '../../domain/errors.ts'
import { type AppliedPolicy, choosePolicy } from '../../domain/tools/approval-rules.ts'
import { toolCallWorkflowId } from '../../domain/tools/workflow-id.ts'
import { argumentsHashOf } from '../../platform/tools/arguments-hash.ts'

export interface ToolCall {
  readonly work: ExecutionWork
  /** As it applies now. */
  readonly policy: AppliedPolicy
}

export interface RunInput {
  readonly executionId: string
}

/** Throws `resource.not_found` in a workflow that isn't the run's own: whoever starts one by hand moves nothing with it. */
export function requireOwnWorkflow({ executionId }: RunInput): void {
  if (Context.current().info.workflowExecution?.workflowId === toolCallWorkflowId(executionId)) return
  throw new AppError('resource.not_found', { detail: 'This workflow has no such run.' })
}

/** Throws `resource.not_found`. In a transaction it locks the run's row. */
export async function readCall(db: Db, executionId: string): Promise<ToolCall> {
  const work = await getExecutionWork(db, executionId)
  return { work, policy: choosePolicy(work.tool, await findApprovalPolicies(db)) }
}

/** What somebody approves: with these arguments, under these rules. */
export const hashOf = (
  { work, policy }: { readonly work: ExecutionWork; readonly policy: Pick<AppliedPolicy, 'id' | 'version'> },
  args: Readonly<Record<string, unknown>>,
): string =>
  argumentsHashOf({
    executionId: work.executionId,
    tool: {
      versionId: work.tool.versionId,
      config: work.tool.config,
      inputSchema: work.tool.inputSchema,
      secretRefs: work.tool.secretRefs,
    },
    arguments: args,
    requesterId: work.requesterId,
    policy: { id: policy.id, version: policy.version },
  })
