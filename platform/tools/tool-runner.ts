// What a tool is to whoever calls it: a description that a model reads, and a function that does the work. What is built in
// states its arguments once, as a zod schema: the JSON Schema that the model gets is made from it.
import { z } from 'zod'
import { AppError } from '../../domain/errors.ts'
import type { SecretValue } from '../secret-value.ts'

/** JSON Schema of draft-07 or 2020-12, with `additionalProperties: false` (see tool-schema.ts). */
export type JsonSchema = Readonly<Record<string, unknown>>

export interface ToolDefinition {
  readonly name: string
  /** For a model: what the tool does, and when it should be used. */
  readonly description: string
  readonly inputSchema: JsonSchema
  /** Whether a call may change something outside, so that it isn't repeated without need. */
  readonly sideEffects: boolean
  readonly requiresApproval: boolean
  /** How long an equal call by the same user may be answered with the same result; 0: never. */
  readonly cacheTtlSeconds: number
}

export interface ToolCallContext {
  /** The same for each attempt of one call. */
  readonly executionId: string
  readonly userId: string
  readonly signal: AbortSignal
  /** Of the stored version of the tool, never of the arguments. */
  readonly config: Readonly<Record<string, unknown>>
  /** The value of `secret://path#version` for one destination; refuses a destination that the secret doesn't list. */
  resolveSecret(reference: string, destination: string): Promise<SecretValue>
}

/**
 * Gives JSON. Throws `tool.arguments_invalid` (with `errors`), `tool.failed`, what the guard of the outside throws, and what
 * `resolveSecret` throws; the signal's reason once it is aborted.
 */
export type ToolRunner = (args: Readonly<Record<string, unknown>>, call: ToolCallContext) => Promise<unknown>

export interface BuiltinTool {
  readonly definition: ToolDefinition
  readonly run: ToolRunner
}

interface BuiltinToolParts<Input extends z.ZodType> extends Omit<ToolDefinition, 'inputSchema'> {
  /** A strict object. Its refinements are checked, too, though JSON Schema can't say them. */
  readonly input: Input
  run(input: z.infer<Input>, call: ToolCallContext): Promise<unknown>
}

/** AppError `tool.arguments_invalid` for one argument. `message` says what it must be, never what it is. */
export const badArgument = (path: string, message: string): AppError =>
  new AppError('tool.arguments_invalid', { errors: [{ path, message }] })

const withoutDialect = ({ $schema: _, ...schema }: JsonSchema): JsonSchema => schema

export function defineBuiltinTool<Input extends z.ZodType>(parts: BuiltinToolParts<Input>): BuiltinTool {
  const { input, run, ...definition } = parts
  return {
    definition: { ...definition, inputSchema: withoutDialect(z.toJSONSchema(input, { io: 'input' })) },
    run: async (args, call) => {
      call.signal.throwIfAborted()
      const parsed = input.safeParse(args)
      if (parsed.success) return run(parsed.data, call)
      const errors = parsed.error.issues.map(({ path, message }) => ({ path: path.join('.'), message }))
      throw new AppError('tool.arguments_invalid', { errors })
    },
  }
}
