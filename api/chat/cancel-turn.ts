// Cancels a turn; what was answered so far stays.
import { endTurn } from '../../db/chat/turn-work.ts'
import { getTurn } from '../../db/chat/turns.ts'
import { isFinal, type Turn } from '../../domain/chat/chat.ts'
import { endingEntries } from '../../domain/chat/turn-ending.ts'
import { AppError } from '../../domain/errors.ts'
import type { Context } from '../../platform/platform.ts'
import { audited } from '../audit/audited.ts'
import { stopTurn } from './stop-turn.ts'

/** Throws `turn.ended` once it is over. Resolves before the turn has ended: its events say when. */
export async function cancelTurn(
  context: Context,
  input: { readonly chatId: string; readonly turnId: string },
): Promise<Turn> {
  const access = { ...input, userId: context.actor.userId }
  const turn = await getTurn(context.db, access)
  if (isFinal(turn.status)) throw new AppError('turn.ended', { detail: 'There is nothing left to cancel.' })
  // The request is told before anything is stopped: what the work then does to the row comes later, if at all.
  await audited(
    context,
    async () => {},
    () => ({ action: 'turn.cancel', resource: { type: 'turn', id: turn.id }, details: { chatId: turn.chatId } }),
  )
  if (!(await stopTurn(context, turn.id))) await cancelUnstarted(context, turn.id)
  return getTurn(context.db, access)
}

/** No workflow drives it (yet): the row alone says that it is cancelled, and a later start finds nothing to do. */
async function cancelUnstarted({ db, streams, log }: Context, turnId: string): Promise<void> {
  const ended = await endTurn(db, turnId, { status: 'cancelled', answer: null })
  if (ended?.status !== 'cancelled') return
  try {
    await streams.append(turnId, endingEntries(ended))
    await streams.expire(turnId)
  } catch (error) {
    log.warn({ err: error, turnId }, 'a turn’s end wasn’t published; followers see it at their next look')
  }
}
