// What must hold of a call whenever something is about to be done with it: before its approval is asked for, and again
// before it runs.
import { AppError } from '../../domain/errors.ts'
import type { ToolContracts } from '../../platform/tools/tool-contracts.ts'
import type { ToolCall } from './call-of.ts'

const withoutSecrets =
  'Whoever stored this tool may refer to secrets no more. Somebody who may has to store its configuration again.'

/** Throws what keeps it from running: its turn, the tool, its secrets, the requester, or the arguments. */
export function requireRunnable(tools: Pick<ToolContracts, 'check'>, { work }: ToolCall): void {
  const { tool } = work
  if (work.turnIsOver) throw new AppError('turn.ended', { detail: 'The turn that called the tool is over.' })
  if (!tool.isEnabled) throw new AppError('tool.disabled')
  if (!tool.isCurrent) throw new AppError('tool.changed', { detail: 'Call it again, as it is now.' })
  if (!work.requesterMayRun)
    throw new AppError('auth.forbidden', { detail: 'This account may not run tools any more.' })
  if (!tool.mayUseSecrets) throw new AppError('auth.forbidden', { detail: withoutSecrets })
  tools.check(tool.inputSchema, work.arguments)
}
