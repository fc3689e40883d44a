// Cancels a turn: through its workflow, which is sure, and over the bus, which is fast.
import { WorkflowNotFoundError } from '@temporalio/client'
import { endTurn, getTurn } from '../../db/chat/turns.ts'
import { type Turn, isFinal } from '../../domain/chat/chat.ts'
import { type EndedTurn, endingEntries } from '../../domain/chat/turn-ending.ts'
import { AppError } from '../../domain/errors.ts'
import type { Context } from '../../platform/platform.ts'
import { turnCancelChannel } from '../../platform/stream/bus.ts'
import { chatTurnWorkflowId } from '../../workflows/chat/messages.ts'

/** Throws `turn.ended` once it is over. Resolves before the turn has ended: its events say when. */
export async function cancelTurn(
  context: Context,
  input: { readonly chatId: string; readonly turnId: string },
): Promise<Turn> {
  const { db, temporal, bus, actor } = context
  const access = { ...input, userId: actor.userId }
  const turn = await getTurn(db, access)
  if (isFinal(turn.status)) throw new AppError('turn.ended', { detail: 'There is nothing left to cancel.' })
  try {
    await temporal.workflow.getHandle(chatTurnWorkflowId(turn.id)).cancel()
    await bus.publish(turnCancelChannel(turn.id), {})
  } catch (error) {
    if (!(error instanceof WorkflowNotFoundError)) throw error
    await cancelUnstarted(context, await endTurn(db, turn.id, { status: 'cancelled', answer: null }), turn.id)
  }
  return getTurn(db, access)
}

/** No workflow drives it (yet): the row alone says that it is cancelled, and a later start finds nothing to do. */
async function cancelUnstarted({ streams }: Context, ended: EndedTurn | undefined, turnId: string): Promise<void> {
  if (ended === undefined || ended.status !== 'cancelled') return
  await streams.append(turnId, endingEntries(ended))
}
