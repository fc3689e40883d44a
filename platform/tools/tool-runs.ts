// Runs a tool by its kind: each runner bounds its result, and leaves out what Postgres can't hold.
import { AppError } from '../../domain/errors.ts'
import { type BuiltinToolsPlatform, createBuiltinTools } from './builtin-tools.ts'
import { createHttpTool } from './http-tool.ts'
import type { ToolCallContext, ToolRunner } from './tool-runner.ts'

interface RunnableTool {
  readonly name: string
  readonly kind: string
}

export interface ToolRuns {
  /** Gives JSON. Throws what the tool throws; `tool.failed` for a tool that this version of the platform doesn't have. */
  run(tool: RunnableTool, args: Readonly<Record<string, unknown>>, call: ToolCallContext): Promise<unknown>
}

export function createToolRuns(platform: BuiltinToolsPlatform): ToolRuns {
  const builtin = new Map(createBuiltinTools(platform).map(({ definition, run }) => [definition.name, run]))
  const http = createHttpTool(platform)
  const runnerOf = ({ kind, name }: RunnableTool): ToolRunner | undefined =>
    kind === 'http' ? http : kind === 'builtin' ? builtin.get(name) : undefined
  return {
    run: async (tool, args, call) => {
      const run = runnerOf(tool)
      if (run === undefined)
        throw new AppError('tool.failed', { detail: 'This platform can’t run tools of this kind.' })
      return run(args, call)
    },
  }
}
