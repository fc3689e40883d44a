// Messages form a tree: each names its parent, and regenerated answers are siblings.
import type { Citation, Message, Usage } from '../../domain/chat/chat.ts'
import { type Page, type PageQuery, toPage } from '../../domain/resource.ts'
import type { Db } from '../database.ts'
import { olderThan } from '../keyset.ts'
import type { ChatAccess } from './chats.ts'

export interface MessageRow extends Omit<Message, 'createdAt'> {
  readonly createdAt: Date
}

/** Of a row `m`. */
export const messageColumns = `m.id, m.chat_id as "chatId", m.turn_id as "turnId", m.role, m.content, m.citations,
  m.tool_calls as "toolCalls", m.call_id as "callId", m.model, m.usage, m.parent_message_id as "parentMessageId", m.created_at as "createdAt"`

export const toMessage = (row: MessageRow): Message => ({ ...row, createdAt: row.createdAt.toISOString() })

/** A chat's messages over all branches, newest first. */
export async function listMessages(
  db: Db,
  { userId, chatId }: ChatAccess,
  { limit, after }: PageQuery,
): Promise<Page<Message>> {
  const rows = await db.query<MessageRow>(
    `select ${messageColumns} from messages m join chats c on c.id = m.chat_id and c.owner_id = $2
     where m.chat_id = $1 and ${olderThan('m.id', '$3')} order by m.id desc limit $4`,
    [chatId, userId, after ?? null, limit + 1],
  )
  return toPage(rows.map(toMessage), limit)
}

export interface NewAnswer {
  readonly step: number
  readonly content: string
  readonly citations: readonly Citation[]
  readonly model: string
  readonly usage: Usage
  readonly parentMessageId: string
}

/** Of a row `m`: a message that only calls tools, and goes on, is no answer. */
export const isAnswer = `m.role = 'assistant' and m.tool_calls = '[]'`

/** The answer of a turn; undefined while there is none. */
export async function findAnswer(db: Db, turnId: string): Promise<Message | undefined> {
  const [row] = await db.query<MessageRow>(
    `select ${messageColumns} from messages m where m.turn_id = $1 and ${isAnswer} order by m.step desc limit 1`,
    [turnId],
  )
  return row && toMessage(row)
}
