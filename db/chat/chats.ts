// Chats: rows of their owner alone; the owner stands in every predicate.
import type { Chat, ChatSettings } from '../../domain/chat/chat.ts'
import { type Page, type PageQuery, toPage } from '../../domain/resource.ts'
import { Op } from 'sequelize'
import { type Db, firstOrNotFound } from '../database.ts'
import type { ChatModel } from './models.ts'

const toChat = (row: ChatModel): Chat => ({
  ...row.get(),
  createdAt: row.createdAt.toISOString(),
  updatedAt: row.updatedAt.toISOString(),
})

export interface ChatAccess {
  readonly userId: string
  readonly chatId: string
}

const ownedBy = ({ userId, chatId }: ChatAccess) => ({ id: chatId, ownerId: userId })

/** Inserts a chat; the same id again changes nothing (`made` is false), so a retry is safe. */
export async function createChat(
  db: Db,
  access: ChatAccess,
  settings: ChatSettings,
): Promise<{ readonly chat: Chat; readonly made: boolean }> {
  const { title, model, systemPrompt, temperature, toolIds, collectionIds, documentIds } = settings
  const bind: unknown[] = [access.chatId, access.userId]
  bind.push(title ?? null, model ?? null, systemPrompt ?? null, temperature ?? null)
  bind.push(toolIds ?? [], collectionIds ?? [], documentIds ?? [])
  const inserted = await db.query(
    `insert into chats (id, owner_id, title, model, system_prompt, temperature, tool_ids, collection_ids, document_ids)
     values ($1, $2, $3, $4, $5, $6, $7::uuid[], $8::uuid[], $9::uuid[]) on conflict (id) do nothing returning id`,
    bind,
  )
  return { chat: await getChat(db, access), made: inserted.length > 0 }
}

export async function listChats(db: Db, userId: string, { limit, after }: PageQuery): Promise<Page<Chat>> {
  const older = after === undefined ? {} : { id: { [Op.lt]: after } }
  const rows = await db.models.Chat.findAll({
    where: { ownerId: userId, ...older },
    order: [['id', 'desc']],
    limit: limit + 1,
  })
  return toPage(rows.map(toChat), limit)
}

/** Throws `resource.not_found` also for a chat of somebody else. */
export async function getChat(db: Db, access: ChatAccess): Promise<Chat> {
  const rows = await db.models.Chat.findAll({ where: ownedBy(access) })
  return toChat(firstOrNotFound(rows, 'chat'))
}

/** Changes the settings that are given; null clears one. */
export async function updateChat(db: Db, access: ChatAccess, patch: ChatSettings): Promise<Chat> {
  const given = Object.fromEntries(Object.entries(patch).filter(([, value]) => value !== undefined))
  // Sequelize answers an update of nothing with nothing, not even rows.
  if (Object.keys(given).length === 0) return getChat(db, access)
  const [, rows] = await db.models.Chat.update(given, { where: ownedBy(access), returning: true })
  return toChat(firstOrNotFound(rows, 'chat'))
}

/** Deletes a chat with its turns and messages; a turn that still runs finds nothing to write to, and ends. */
export async function deleteChat(tx: Db, access: ChatAccess): Promise<void> {
  await tx.execute(
    `update tool_executions set status = 'cancelled', ended_at = now(), updated_at = now()
     where id in (select e.id from tool_executions e join turns t on t.id = e.turn_id
       join chats c on c.id = t.chat_id where c.id = $1 and c.owner_id = $2 and e.status = 'queued'
       for update of e skip locked)`,
    [access.chatId, access.userId],
  )
  const deleted = await tx.models.Chat.destroy({ where: ownedBy(access) })
  if (deleted === 0) firstOrNotFound([], 'chat')
}
