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

/** Inserts a chat; the same id again changes nothing, so a retry is safe. */
export async function createChat(db: Db, access: ChatAccess, settings: ChatSettings): Promise<Chat> {
  const row = {
    ...ownedBy(access),
    title: settings.title ?? null,
    model: settings.model ?? null,
    systemPrompt: settings.systemPrompt ?? null,
    temperature: settings.temperature ?? null,
    toolIds: settings.toolIds ?? [],
    collectionIds: settings.collectionIds ?? [],
    documentIds: settings.documentIds ?? [],
  }
  await db.models.Chat.bulkCreate([row], { ignoreDuplicates: true })
  return getChat(db, access)
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
export async function deleteChat(db: Db, access: ChatAccess): Promise<void> {
  const deleted = await db.models.Chat.destroy({ where: ownedBy(access) })
  if (deleted === 0) firstOrNotFound([], 'chat')
}
