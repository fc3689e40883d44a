// Tools as clients see them: what a model is told of one, what it is bound to, and what must happen before it runs.
import { z } from 'zod'
import { etagVersion, id, timestamp } from '../resource.ts'
import { jsonObject } from './json-object.ts'

export const toolKinds = ['builtin', 'http', 'openapi', 'mcp'] as const
export type ToolKind = (typeof toolKinds)[number]

/** The characters that every provider takes in a function's name. */
const name = z
  .string()
  .max(63)
  .regex(/^[a-z][a-z0-9_]{0,62}$/, 'is lower-case letters, digits and underscores, and begins with a letter')
const description = z.string().trim().min(1).max(2_000)
/** Of the arguments; checked as a schema where a tool is stored. */
const jsonSchema = jsonObject(100).meta({
  examples: [
    {
      type: 'object',
      properties: { city: { type: 'string', maxLength: 100 } },
      required: ['city'],
      additionalProperties: false,
    },
  ],
})
const config = jsonObject(100).meta({
  examples: [
    { method: 'GET', url: 'https://api.example.org/weather/{{city}}', headers: { accept: 'application/json' } },
  ],
})
/** A year. */
const maxCacheSeconds = 31_536_000
const dayInSeconds = 86_400

const settings = {
  description,
  inputSchema: jsonSchema,
  config,
  requiresApproval: z.boolean(),
  policyId: id.nullable(),
  /** 0: results aren't kept. Results of tools with side effects never are. */
  cacheTtlSeconds: z.int().min(0).max(maxCacheSeconds),
  enabled: z.boolean(),
  /** Changes something outside: it runs at most once, and no result of it is used twice. */
  sideEffects: z.boolean(),
}

export const toolSchema = z
  .object({
    id,
    /** Null for a built-in tool. */
    ownerId: id.nullable(),
    name,
    kind: z.enum(toolKinds),
    ...settings,
    /** Paths of the secrets that the configuration refers to; never their values. */
    secretRefs: z.array(z.string()),
    /** Of the immutable version that runs now. */
    version: etagVersion,
    createdAt: timestamp,
    updatedAt: timestamp,
  })
  .meta({ id: 'Tool' })
export type Tool = z.infer<typeof toolSchema>

export const createToolSchema = z.strictObject({
  name,
  kind: z.literal('http'),
  ...settings,
  requiresApproval: settings.requiresApproval.default(true),
  policyId: settings.policyId.default(null),
  cacheTtlSeconds: settings.cacheTtlSeconds.default(dayInSeconds),
  enabled: settings.enabled.default(true),
  sideEffects: settings.sideEffects.default(true),
})
export type CreateTool = z.infer<typeof createToolSchema>

/** Whatever is left out stays as it is; a change makes a new version. */
export const changeToolSchema = z.strictObject({ name, ...settings }).partial()
export type ChangeTool = z.infer<typeof changeToolSchema>
