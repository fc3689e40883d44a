// Messages form a tree: each names its parent, and regenerated answers are siblings.
import type { Citation, Message, Usage } from '../../domain/chat/chat.ts'
import { type Page, type PageQuery, toPage } from '../../domain/resource.ts'
import { type Db, firstOrNotFound } from '../database.ts'
import { newId } from '../ids.ts'
import { olderThan } from '../keyset.ts'
import type { ChatAccess } from './chats.ts'

interface MessageRow extends Omit<Message, 'createdAt'> {
  readonly createdAt: Date
}

const columns = `m.id, m.chat_id as "chatId", m.turn_id as "turnId", m.role, m.content, m.citations,
  m.tool_calls as "toolCalls", m.model, m.usage, m.parent_message_id as "parentMessageId", m.created_at as "createdAt"`

const toMessage = (row: MessageRow): Message => ({ ...row, createdAt: row.createdAt.toISOString() })

/** A chat's messages over all branches, newest first. */
export async function listMessages(
  db: Db,
  { userId, chatId }: ChatAccess,
  { limit, after }: PageQuery,
): Promise<Page<Message>> {
  const rows = await db.query<MessageRow>(
    `select ${columns} from messages m join chats c on c.id = m.chat_id and c.owner_id = $2
     where m.chat_id = $1 and ${olderThan('m.id', '$3')} order by m.id desc limit $4`,
    [chatId, userId, after ?? null, limit + 1],
  )
  return toPage(rows.map(toMessage), limit)
}

/** The user's message that a turn answers goes in with the turn; see turns.ts. */
export async function insertUserMessage(
  tx: Db,
  input: {
    readonly id: string
    readonly chatId: string
    readonly turnId: string
    readonly content: string
    readonly parentMessageId: string | null
  },
): Promise<void> {
  await tx.models.Message.create({ ...input, step: 0, role: 'user' })
}

/** The newest answer of a chat: what a message without a named parent follows. */
export async function findNewestAnswer(db: Db, chatId: string): Promise<string | null> {
  const [row] = await db.query<{ id: string }>(
    `select id from messages where chat_id = $1 and role = 'assistant' order by id desc limit 1`,
    [chatId],
  )
  return row?.id ?? null
}

export async function findMessage(db: Db, chatId: string, messageId: string): Promise<Message> {
  const rows = await db.query<MessageRow>(`select ${columns} from messages m where m.chat_id = $1 and m.id = $2`, [
    chatId,
    messageId,
  ])
  return toMessage(firstOrNotFound(rows, 'message'))
}

/** Enough for any context window; a longer branch is cut at its old end. */
const branchLimit = 1_000

/** The branch that ends in this message, oldest first. */
export async function listBranch(db: Db, messageId: string): Promise<Message[]> {
  const rows = await db.query<MessageRow>(
    `with recursive branch as (
       select m.*, 1 as depth from messages m where m.id = $1
       union all
       select m.*, b.depth + 1 from messages m join branch b on m.id = b.parent_message_id and m.chat_id = b.chat_id
       where b.depth < ${branchLimit})
     select ${columns} from branch m order by m.depth desc`,
    [messageId],
  )
  return rows.map(toMessage)
}

export interface NewAnswer {
  readonly chatId: string
  readonly turnId: string
  readonly step: number
  readonly content: string
  readonly citations: readonly Citation[]
  readonly model: string
  readonly usage: Usage
  readonly parentMessageId: string
}

/** Inserts the answer of a step; a repeat of the same (turn, step) changes nothing. Resolves to what is stored. */
export async function insertAnswer(tx: Db, input: NewAnswer): Promise<Message> {
  await tx.execute(
    `insert into messages (id, chat_id, turn_id, step, role, content, citations, model, usage, parent_message_id)
     values ($1, $2, $3, $4, 'assistant', $5, $6::jsonb, $7, $8::jsonb, $9) on conflict (turn_id, step, role) do nothing`,
    [
      newId(),
      input.chatId,
      input.turnId,
      input.step,
      input.content,
      JSON.stringify(input.citations),
      input.model,
      JSON.stringify(input.usage),
      input.parentMessageId,
    ],
  )
  return firstOrNotFound(await findAnswers(tx, input.turnId), 'message')
}

async function findAnswers(db: Db, turnId: string): Promise<Message[]> {
  const rows = await db.query<MessageRow>(
    `select ${columns} from messages m where m.turn_id = $1 and m.role = 'assistant' order by m.step desc limit 1`,
    [turnId],
  )
  return rows.map(toMessage)
}

/** The answer of a turn, of its last step; undefined while there is none. */
export async function findAnswer(db: Db, turnId: string): Promise<Message | undefined> {
  return (await findAnswers(db, turnId))[0]
}
