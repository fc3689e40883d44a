// Deletes a chat, and stops the turns that were answering in it.
import { deleteChat } from '../../db/chat/chats.ts'
import { listUnendedTurns } from '../../db/chat/turns.ts'
import type { Context } from '../../platform/platform.ts'
import { audited } from '../audit/audited.ts'
import { stopTurn } from './stop-turn.ts'

export async function removeChat(context: Context, chatId: string): Promise<void> {
  const { db, actor, log } = context
  const access = { userId: actor.userId, chatId }
  const turnIds = await listUnendedTurns(db, access)
  await audited(
    context,
    (tx) => deleteChat(tx, access),
    () => ({ action: 'chat.delete', resource: { type: 'chat', id: chatId } }),
  )
  for (const turnId of turnIds) {
    await stopTurn(context, turnId).catch((error: unknown) => {
      log.warn({ err: error, turnId }, 'a turn of a deleted chat goes on until it finds the chat gone')
    })
  }
}
