// Runs a tool for a person: the row is committed first, then the workflow is started that drives it, through an approval
// where one is needed, to its end.
import { createExecution } from '../../db/tools/executions.ts'
import { getTool } from '../../db/tools/tools.ts'
import { AppError } from '../../domain/errors.ts'
import type { ExecuteTool, ToolExecution } from '../../domain/tools/execution.ts'
import type { Context } from '../../platform/platform.ts'
import { startCommitted } from '../../platform/temporal/start-workflow.ts'
import { toolCallStart } from '../../workflows/tools/messages.ts'
import { audited } from '../audit/audited.ts'

interface ExecuteRequest extends ExecuteTool {
  readonly toolId: string
}

/** Throws `resource.not_found`, `tool.disabled`, `tool.arguments_invalid`. What only a run can tell is in its row. */
export async function executeTool(context: Context, request: ExecuteRequest): Promise<ToolExecution> {
  const { db, tools, config, actor, newResourceId: id } = context
  const { toolId, arguments: args, noCache } = request
  const tool = await getTool(db, toolId)
  if (!tool.enabled) throw new AppError('tool.disabled', { detail: 'Whoever may change tools can switch it on.' })
  tools.check(tool.inputSchema, args)
  const { execution } = await audited(
    context,
    (tx) =>
      createExecution(tx, {
        id,
        toolId,
        toolVersionId: tool.versionId,
        requesterId: actor.userId,
        arguments: args,
        noCache,
      }),
    ({ made }) =>
      made
        ? {
            action: 'tool.execute',
            resource: { type: 'tool_execution', id },
            details: { tool: tool.name, toolId, toolVersion: tool.version },
          }
        : undefined,
  )
  await startCommitted(context, toolCallStart({ executionId: id, timeoutMs: config.toolTimeoutMs }, actor.userId))
  return execution
}
