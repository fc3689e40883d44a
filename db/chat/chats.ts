// Chats: rows of their owner alone; the owner stands in every predicate.
import type { Chat, ChatSettings } from '../../domain/chat/chat.ts'
import { type Page, type PageQuery, toPage } from '../../domain/resource.ts'
import { type Db, firstOrNotFound } from '../database.ts'

interface ChatRow extends Omit<Chat, 'createdAt' | 'updatedAt'> {
  readonly createdAt: Date
  readonly updatedAt: Date
}

const columns = `id, owner_id as "ownerId", title, model, system_prompt as "systemPrompt", temperature,
  tool_ids as "toolIds", collection_ids as "collectionIds", document_ids as "documentIds",
  created_at as "createdAt", updated_at as "updatedAt"`

const toChat = (row: ChatRow): Chat => ({
  ...row,
  createdAt: row.createdAt.toISOString(),
  updatedAt: row.updatedAt.toISOString(),
})

export interface ChatAccess {
  readonly userId: string
  readonly chatId: string
}

/** Inserts a chat; the same id again changes nothing, so a retry is safe. */
export async function createChat(db: Db, { userId, chatId }: ChatAccess, settings: ChatSettings): Promise<Chat> {
  await db.execute(
    `insert into chats (id, owner_id, title, model, system_prompt, temperature, tool_ids, collection_ids, document_ids)
     values ($1, $2, $3, $4, $5, $6, $7, $8, $9) on conflict (id) do nothing`,
    [
      chatId,
      userId,
      settings.title ?? null,
      settings.model ?? null,
      settings.systemPrompt ?? null,
      settings.temperature ?? null,
      settings.toolIds ?? [],
      settings.collectionIds ?? [],
      settings.documentIds ?? [],
    ],
  )
  return getChat(db, { userId, chatId })
}

export async function listChats(db: Db, userId: string, { limit, after }: PageQuery): Promise<Page<Chat>> {
  const rows = await db.query<ChatRow>(
    `select ${columns} from chats where owner_id = $1 and ($2::uuid is null or id < $2) order by id desc limit $3`,
    [userId, after ?? null, limit + 1],
  )
  return toPage(rows.map(toChat), limit)
}

/** Throws `resource.not_found` also for a chat of somebody else. */
export async function getChat(db: Db, { userId, chatId }: ChatAccess): Promise<Chat> {
  const rows = await db.query<ChatRow>(`select ${columns} from chats where id = $1 and owner_id = $2`, [chatId, userId])
  return toChat(firstOrNotFound(rows, 'chat'))
}

const columnOf: Readonly<Record<keyof ChatSettings, string>> = {
  title: 'title',
  model: 'model',
  systemPrompt: 'system_prompt',
  temperature: 'temperature',
  toolIds: 'tool_ids',
  collectionIds: 'collection_ids',
  documentIds: 'document_ids',
}

/** Changes the settings that are given; null clears one. */
export async function updateChat(db: Db, { userId, chatId }: ChatAccess, patch: ChatSettings): Promise<Chat> {
  const given = (Object.keys(columnOf) as (keyof ChatSettings)[]).filter((key) => patch[key] !== undefined)
  const sets = given.map((key, index) => `${columnOf[key]} = $${index + 3}, `).join('')
  const rows = await db.query<ChatRow>(
    `update chats set ${sets} updated_at = now() where id = $1 and owner_id = $2 returning ${columns}`,
    [chatId, userId, ...given.map((key) => patch[key])],
  )
  return toChat(firstOrNotFound(rows, 'chat'))
}

/** Deletes a chat with its turns and messages; a turn that still runs finds nothing to write to, and ends. */
export async function deleteChat(db: Db, { userId, chatId }: ChatAccess): Promise<void> {
  const rows = await db.query('delete from chats where id = $1 and owner_id = $2 returning id', [chatId, userId])
  firstOrNotFound(rows, 'chat')
}
