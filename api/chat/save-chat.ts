// Makes a chat or changes one, after a look at what its settings name.
import { createChat, updateChat } from '../../db/chat/chats.ts'
import type { Chat, ChatSettings } from '../../domain/chat/chat.ts'
import type { Context } from '../../platform/platform.ts'
import { audited, fieldsOf } from '../audit/audited.ts'
import { checkSettings } from './check-settings.ts'

/** Throws `request.invalid` that names each fault, or `chat.model_unknown`. */
export async function makeChat(context: Context, settings: ChatSettings): Promise<Chat> {
  await checkSettings(context, settings)
  const access = { userId: context.actor.userId, chatId: context.newResourceId }
  const { chat } = await audited(
    context,
    (tx) => createChat(tx, access, settings),
    ({ made }) => (made ? { action: 'chat.create', resource: { type: 'chat', id: access.chatId } } : undefined),
  )
  return chat
}

/** Throws as `makeChat` does, and `resource.not_found` for a chat of somebody else. */
export async function changeChat(context: Context, chatId: string, settings: ChatSettings): Promise<Chat> {
  await checkSettings(context, settings)
  const fields = fieldsOf(settings)
  return await audited(
    context,
    (tx) => updateChat(tx, { userId: context.actor.userId, chatId }, settings),
    () =>
      fields === ''
        ? undefined
        : { action: 'chat.update', resource: { type: 'chat', id: chatId }, details: { fields } },
  )
}
