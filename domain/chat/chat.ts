// Chats, messages and turns as clients see them, and what may be asked of them.
import { z } from 'zod'
import { problemSchema } from '../documents/document.ts'
import { id, timestamp } from '../resource.ts'

export const usageSchema = z
  .object({
    inputTokens: z.int().nonnegative(),
    outputTokens: z.int().nonnegative(),
    /** True when the provider sent no usage and the tokenizer counted. */
    estimated: z.boolean(),
  })
  .meta({ id: 'Usage' })
export type Usage = z.infer<typeof usageSchema>

const modelName = z
  .string()
  .regex(/^[a-z0-9-]+\/.+$/, 'is written provider/model')
  .max(200)
const title = z.string().trim().min(1).max(200)
const ids = z.array(id).max(100)
const settings = {
  title: title.nullable(),
  model: modelName.nullable(),
  systemPrompt: z.string().max(20_000).nullable(),
  toolIds: ids,
  collectionIds: ids,
  documentIds: ids,
  temperature: z.number().min(0).max(2).nullable(),
}

export const chatSchema = z
  .object({ id, ownerId: id, ...settings, createdAt: timestamp, updatedAt: timestamp })
  .meta({ id: 'Chat' })
export type Chat = z.infer<typeof chatSchema>

/** Of a new chat, and of a change: whatever is left out stays as it is. */
export const chatSettingsSchema = z.strictObject(settings).partial()
export type ChatSettings = z.infer<typeof chatSettingsSchema>

export const citationSchema = z
  .object({
    /** The number in the content's `[n]`. */
    marker: z.int().positive(),
    chunkId: id,
    documentId: id,
    documentTitle: z.string(),
    page: z.int().nullable(),
    quote: z.string(),
  })
  .meta({ id: 'Citation' })
export type Citation = z.infer<typeof citationSchema>

const messageRoles = ['user', 'assistant', 'tool'] as const
export const messageSchema = z
  .object({
    id,
    chatId: id,
    turnId: id,
    role: z.enum(messageRoles),
    content: z.string(),
    citations: z.array(citationSchema),
    toolCalls: z.array(
      z.object({ callId: z.string(), tool: z.string(), arguments: z.record(z.string(), z.unknown()) }),
    ),
    /** Of a tool's message: the call that it answers. */
    callId: z.string().nullable(),
    model: z.string().nullable(),
    usage: usageSchema.nullable(),
    parentMessageId: id.nullable(),
    createdAt: timestamp,
  })
  .meta({ id: 'Message' })
export type Message = z.infer<typeof messageSchema>

export const turnStatuses = ['queued', 'running', 'waiting_approval', 'completed', 'failed', 'cancelled'] as const
export type TurnStatus = (typeof turnStatuses)[number]
export const isFinal = (status: TurnStatus): boolean =>
  status === 'completed' || status === 'failed' || status === 'cancelled'

export const turnSchema = z
  .object({
    id,
    chatId: id,
    userMessageId: id,
    model: z.string(),
    status: z.enum(turnStatuses),
    usage: usageSchema.nullable(),
    problem: problemSchema.nullable(),
    createdAt: timestamp,
    startedAt: timestamp.nullable(),
    endedAt: timestamp.nullable(),
  })
  .meta({ id: 'Turn' })
export type Turn = z.infer<typeof turnSchema>

export const createTurnSchema = z.strictObject({
  content: z
    .string()
    .min(1)
    .max(200_000)
    .refine((text) => text.trim() !== '', 'is blank'),
  model: modelName.optional(),
  attachmentIds: z.array(id).max(20).default([]),
  parentMessageId: id.optional(),
})
export type CreateTurn = z.infer<typeof createTurnSchema>
