// A new turn: the user's message and the queued turn are committed first, then the workflow is started.
import { createRetryTurn, createTurn } from '../../db/chat/turns.ts'
import { findUnindexedDocuments, findUnreadableDocuments } from '../../db/documents/documents.ts'
import type { CreateTurn, Turn } from '../../domain/chat/chat.ts'
import { AppError } from '../../domain/errors.ts'
import type { Context } from '../../platform/platform.ts'
import { startCommitted } from '../../platform/temporal/start-workflow.ts'
import { chatTurnStart } from '../../workflows/chat/messages.ts'
import { audited, eventOf } from '../audit/audited.ts'

interface TurnRequest extends CreateTurn {
  readonly chatId: string
}

export async function startTurn(context: Context, input: TurnRequest): Promise<Turn> {
  const { db, llm, config, actor, newResourceId: turnId } = context
  // The chat's own model was checked when it was set; where its provider has gone since, the turn fails and says so.
  if (input.model !== undefined) llm.resolve(input.model)
  await checkAttachments(context, input.attachmentIds)
  const event = eventOf(context, {
    action: 'turn.create',
    resource: { type: 'turn', id: turnId },
    details: { chatId: input.chatId },
  })
  const turn = await createTurn(db, { ...input, userId: actor.userId, turnId, defaultModel: llm.defaultModel, event })
  await startCommitted(context, chatTurnStart({ turnId, stepTimeoutMs: config.turnTimeoutMs }, actor.userId))
  return turn
}

/** Answers the same message again, in a new turn beside the old one. */
export async function retryTurn(
  context: Context,
  { chatId, turnId }: { readonly chatId: string; readonly turnId: string },
): Promise<Turn> {
  const { config, actor, newResourceId } = context
  const { turn } = await audited(
    context,
    (tx) => createRetryTurn(tx, { userId: actor.userId, chatId, turnId }, newResourceId),
    ({ made }) =>
      made
        ? { action: 'turn.retry', resource: { type: 'turn', id: newResourceId }, details: { chatId, of: turnId } }
        : undefined,
  )
  await startCommitted(context, chatTurnStart({ turnId: turn.id, stepTimeoutMs: config.turnTimeoutMs }, actor.userId))
  return turn
}

async function checkAttachments({ db, actor }: Context, attachmentIds: readonly string[]): Promise<void> {
  if (attachmentIds.length === 0) return
  const unreadable = await findUnreadableDocuments(db, actor.userId, attachmentIds)
  if (unreadable.length > 0) {
    const errors = attachmentIds.flatMap((id, index) =>
      unreadable.includes(id)
        ? [{ path: `attachmentIds.${index}`, message: 'names no document that you may read' }]
        : [],
    )
    throw new AppError('request.invalid', { detail: 'Some attachments name nothing that you may read.', errors })
  }
  const [unindexed] = await findUnindexedDocuments(db, attachmentIds)
  if (unindexed === undefined) return
  throw new AppError('document.busy', {
    detail: 'An attachment isn’t indexed: wait for document.indexed, or leave it out.',
    resourceId: unindexed,
  })
}
