// Runs of tools as clients see them.
import { z } from 'zod'
import { problemSchema } from '../documents/document.ts'
import { id, pageQuery, timestamp } from '../resource.ts'
import { jsonObject } from './json-object.ts'

export const executionStatuses = [
  'queued',
  'pending_approval',
  'approved',
  'denied',
  'expired',
  'running',
  'succeeded',
  'failed',
  'cancelled',
] as const
export type ExecutionStatus = (typeof executionStatuses)[number]

const ended: ReadonlySet<ExecutionStatus> = new Set(['denied', 'expired', 'succeeded', 'failed', 'cancelled'])
/** How a run has ended; its result is in the row. */
export type RunOutcome = Extract<ExecutionStatus, 'denied' | 'expired' | 'succeeded' | 'failed' | 'cancelled'>
export const hasEnded = (status: ExecutionStatus): boolean => ended.has(status)

export const executionSchema = z
  .object({
    id,
    toolId: id,
    toolName: z.string(),
    /** Of the tool, which it is bound to. */
    toolVersion: z.int(),
    requesterId: id,
    /** The turn whose model called the tool; null when it was called by itself. */
    turnId: id.nullable(),
    callId: z.string().nullable(),
    /** The step of the turn. */
    step: z.int().nullable(),
    status: z.enum(executionStatuses),
    arguments: z.record(z.string(), z.unknown()),
    result: z.unknown(),
    problem: problemSchema.nullable(),
    /** The result is an earlier run's. */
    cached: z.boolean(),
    approvalId: id.nullable(),
    createdAt: timestamp,
    startedAt: timestamp.nullable(),
    endedAt: timestamp.nullable(),
  })
  .meta({ id: 'ToolExecution' })
export type ToolExecution = z.infer<typeof executionSchema>

export const listExecutionsQuerySchema = pageQuery.extend({
  status: z.enum(executionStatuses).optional(),
  toolId: id.optional().describe('Only runs of this tool'),
  cached: z
    .enum(['true', 'false'])
    .transform((value) => value === 'true')
    .optional()
    .describe('Only runs that were answered with an earlier result, or only the others'),
})
export type ListExecutionsQuery = z.infer<typeof listExecutionsQuerySchema>

export const executeToolSchema = z.strictObject({
  arguments: jsonObject(1_000).default({}),
  /** Runs it even where a result is kept. */
  noCache: z.boolean().default(false),
})
export type ExecuteTool = z.infer<typeof executeToolSchema>
