// The contracts of a turn's events, for the API's document and for checking what is sent.
import { z } from 'zod'
import { problemSchema } from '../documents/document.ts'
import { id, timestamp } from '../resource.ts'
import { approvalStatuses, decisions } from '../tools/approval.ts'
import { executionStatuses } from '../tools/execution.ts'
import { messageSchema, turnSchema, usageSchema } from './chat.ts'
import type { TurnEventType } from './turn-event.ts'

const position = { step: z.int().positive(), attempt: z.int().positive() }
const delta = z.object({ ...position, text: z.string() })

const { step } = position
const toolArguments = z.record(z.string(), z.unknown())
const ofApproval = { step, approvalId: id, executionId: id }

const sourceSchema = z
  .object({
    marker: z.int().positive(),
    chunkId: id,
    documentId: id,
    documentTitle: z.string(),
    page: z.int().nullable(),
    score: z.number(),
  })
  .meta({ id: 'Source' })

export const turnEventSchemas = {
  'turn.started': z.object({ turn: turnSchema }),
  'turn.reset': z.object(position),
  'retrieval.completed': z.object({ ...position, sources: z.array(sourceSchema) }),
  'context.built': z.object({ ...position, tokens: z.int(), limit: z.int(), dropped: z.int() }),
  'text.delta': delta,
  'reasoning.delta': delta,
  'usage.reported': z.object({ ...position, usage: usageSchema }),
  'tool.called': z.object({ step, callId: z.string(), executionId: id, tool: z.string(), arguments: toolArguments }),
  'approval.requested': z.object({ ...ofApproval, tool: z.string(), arguments: toolArguments, expiresAt: timestamp }),
  'approval.decided': z.object({
    ...ofApproval,
    status: z.enum(approvalStatuses),
    decision: z.enum(decisions).optional(),
  }),
  'tool.completed': z.object({
    step,
    callId: z.string(),
    executionId: id,
    status: z.enum(executionStatuses),
    result: z.unknown().optional(),
    problem: problemSchema.optional(),
  }),
  snapshot: z.object({ message: messageSchema }),
  'turn.completed': z.object({ message: messageSchema }),
  'turn.failed': z.object({ problem: problemSchema }),
  'turn.cancelled': z.object({ message: messageSchema.nullable() }),
} satisfies Record<TurnEventType, z.ZodType>
