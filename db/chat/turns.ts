// Turns: one question and the work that answers it. The row is the truth about a turn; the workflow only drives it.
import type { Turn, TurnStatus, Usage } from '../../domain/chat/chat.ts'
import type { EndedTurn } from '../../domain/chat/turn-ending.ts'
import { AppError, type StoredProblem } from '../../domain/errors.ts'
import { type Db, firstOrNotFound } from '../database.ts'
import { newId } from '../ids.ts'
import type { ChatAccess } from './chats.ts'
import {
  type NewAnswer,
  findAnswer,
  findMessage,
  findNewestAnswer,
  insertAnswer,
  insertUserMessage,
} from './messages.ts'

interface TurnRow extends Omit<Turn, 'createdAt' | 'startedAt' | 'endedAt'> {
  readonly createdAt: Date
  readonly startedAt: Date | null
  readonly endedAt: Date | null
}

const columns = `t.id, t.chat_id as "chatId", t.user_message_id as "userMessageId", t.model, t.status, t.usage, t.problem,
  t.created_at as "createdAt", t.started_at as "startedAt", t.ended_at as "endedAt"`

const toTurn = (row: TurnRow): Turn => ({
  ...row,
  createdAt: row.createdAt.toISOString(),
  startedAt: row.startedAt?.toISOString() ?? null,
  endedAt: row.endedAt?.toISOString() ?? null,
})

export interface TurnAccess extends ChatAccess {
  readonly turnId: string
}

export interface NewTurn extends TurnAccess {
  readonly content: string
  readonly model: string
  readonly attachmentIds: readonly string[]
  readonly parentMessageId?: string | undefined
}

/**
 * Stores the user's message and the queued turn in one transaction; the same turn id again changes nothing. Without
 * `parentMessageId` the message follows the chat's newest answer. The chat's owner must have been checked.
 */
export async function createTurn(db: Db, input: NewTurn): Promise<Turn> {
  return db.transaction(async (tx) => {
    const [existing] = await tx.query('select id from turns where id = $1', [input.turnId])
    if (existing === undefined) await insertTurnWithMessage(tx, input)
    return getTurn(tx, input)
  })
}

async function insertTurnWithMessage(tx: Db, input: NewTurn): Promise<void> {
  const { chatId, turnId, content } = input
  const userMessageId = newId()
  const parentMessageId = await findParent(tx, input)
  await insertUserMessage(tx, { id: userMessageId, chatId, turnId, content, parentMessageId })
  const { attachmentIds, model } = input
  await tx.models.Turn.create({ id: turnId, chatId, userMessageId, attachmentIds: [...attachmentIds], model })
  await tx.execute('update chats set updated_at = now() where id = $1', [chatId])
}

async function findParent(tx: Db, { chatId, parentMessageId }: NewTurn): Promise<string | null> {
  if (parentMessageId === undefined) return findNewestAnswer(tx, chatId)
  const parent = await findMessage(tx, chatId, parentMessageId).catch(() => undefined)
  if (parent?.role === 'assistant') return parent.id
  throw new AppError('request.invalid', {
    detail: 'A message follows an answer: name an answer of this chat, or leave parentMessageId out.',
    errors: [{ path: 'parentMessageId', message: 'isn’t an answer in this chat' }],
  })
}

/** A new turn that answers the same message again; `turn.running` while the old one isn't over. */
export async function createRetryTurn(db: Db, access: TurnAccess, newTurnId: string): Promise<Turn> {
  return db.transaction(async (tx) => {
    const rows = await tx.query<{ status: TurnStatus; userMessageId: string; attachmentIds: string[]; model: string }>(
      `select t.status, t.user_message_id as "userMessageId", t.attachment_ids as "attachmentIds", t.model
       from turns t join chats c on c.id = t.chat_id and c.owner_id = $3 where t.id = $1 and t.chat_id = $2`,
      [access.turnId, access.chatId, access.userId],
    )
    const old = firstOrNotFound(rows, 'turn')
    if (old.status !== 'completed' && old.status !== 'failed' && old.status !== 'cancelled') {
      throw new AppError('turn.running', { detail: 'Wait for the turn’s end, or cancel it first.' })
    }
    const { userMessageId, attachmentIds, model } = old
    const row = { id: newTurnId, chatId: access.chatId, userMessageId, attachmentIds, model }
    await tx.models.Turn.bulkCreate([row], { ignoreDuplicates: true })
    return getTurn(tx, { ...access, turnId: newTurnId })
  })
}

/** Throws `resource.not_found` also for a turn of somebody else. */
export async function getTurn(db: Db, { userId, chatId, turnId }: TurnAccess): Promise<Turn> {
  const rows = await db.query<TurnRow>(
    `select ${columns} from turns t join chats c on c.id = t.chat_id and c.owner_id = $3 where t.id = $1 and t.chat_id = $2`,
    [turnId, chatId, userId],
  )
  return toTurn(firstOrNotFound(rows, 'turn'))
}

/** The turns of the owner's chat that aren't over. */
export async function listUnendedTurns(db: Db, { userId, chatId }: ChatAccess): Promise<string[]> {
  const rows = await db.query<{ id: string }>(
    `select t.id from turns t join chats c on c.id = t.chat_id and c.owner_id = $2
     where t.chat_id = $1 and t.status not in ('completed', 'failed', 'cancelled')`,
    [chatId, userId],
  )
  return rows.map(({ id }) => id)
}

/** False once a turn is over, or gone with its chat. */
export async function isUnended(db: Db, turnId: string): Promise<boolean> {
  const rows = await db.query(
    `select id from turns where id = $1 and status not in ('completed', 'failed', 'cancelled')`,
    [turnId],
  )
  return rows.length > 0
}

/** What a model step needs of its turn. */
export interface TurnWork {
  readonly status: TurnStatus
  readonly chatId: string
  readonly ownerId: string
  readonly userMessageId: string
  readonly model: string
  readonly systemPrompt: string | null
  readonly temperature: number | null
  readonly collectionIds: string[]
  /** The chat's documents and the turn's attachments. */
  readonly documentIds: string[]
}

/** Marks a queued turn as running and reads what it needs, in one statement; undefined once it is over or gone. */
export async function beginTurn(db: Db, turnId: string): Promise<TurnWork | undefined> {
  const [row] = await db.query<TurnWork>(
    `update turns t set status = 'running', started_at = coalesce(t.started_at, now())
     from chats c where t.id = $1 and c.id = t.chat_id and t.status in ('queued', 'running')
     returning t.status, t.chat_id as "chatId", c.owner_id as "ownerId", t.user_message_id as "userMessageId", t.model,
       c.system_prompt as "systemPrompt", c.temperature, c.collection_ids as "collectionIds",
       c.document_ids || t.attachment_ids as "documentIds"`,
    [turnId],
  )
  return row
}

export type TurnEnding =
  | { readonly status: 'completed'; readonly answer: NewAnswer }
  /** Cancelled with what there was, which may be nothing. */
  | { readonly status: 'cancelled'; readonly answer: NewAnswer | null }
  | { readonly status: 'failed'; readonly problem: StoredProblem }

/**
 * Ends a turn and stores its answer in one transaction. Only the first ending counts: the result says how the turn did
 * end, which may be otherwise than asked. Undefined when the turn is gone.
 */
export async function endTurn(db: Db, turnId: string, ending: TurnEnding): Promise<EndedTurn | undefined> {
  return db.transaction(async (tx) => {
    const usage: Usage | null = ending.status === 'failed' ? null : (ending.answer?.usage ?? null)
    const ended = await tx.query(
      `update turns set status = $2, usage = $3::jsonb, problem = $4::jsonb, ended_at = now()
       where id = $1 and status not in ('completed', 'failed', 'cancelled') returning id`,
      [
        turnId,
        ending.status,
        usage === null ? null : JSON.stringify(usage),
        ending.status === 'failed' ? JSON.stringify(ending.problem) : null,
      ],
    )
    if (ended.length > 0 && ending.status !== 'failed' && ending.answer !== null) await insertAnswer(tx, ending.answer)
    return findEndedTurn(tx, turnId)
  })
}

/** How a turn ended; undefined while it runs, or when it is gone. */
export async function findEndedTurn(db: Db, turnId: string): Promise<EndedTurn | undefined> {
  const [row] = await db.query<{ status: EndedTurn['status']; problem: StoredProblem | null }>(
    `select status, problem from turns where id = $1 and status in ('completed', 'failed', 'cancelled')`,
    [turnId],
  )
  return row === undefined ? undefined : { ...row, message: (await findAnswer(db, turnId)) ?? null }
}

/** Turns that were queued more than `olderThanSeconds` ago: their workflow may never have been started. */
export async function listUnstartedTurns(
  db: Db,
  olderThanSeconds: number,
): Promise<{ readonly turnId: string; readonly userId: string }[]> {
  return db.query(
    `select t.id as "turnId", c.owner_id as "userId" from turns t join chats c on c.id = t.chat_id
     where t.status = 'queued' and t.created_at < now() - make_interval(secs => $1) order by t.created_at limit 100`,
    [olderThanSeconds],
  )
}

/** Running turns that began more than `olderThanSeconds` ago. */
export async function listOverdueTurns(db: Db, olderThanSeconds: number): Promise<string[]> {
  const rows = await db.query<{ id: string }>(
    `select id from turns where status = 'running' and started_at < now() - make_interval(secs => $1)
     order by started_at limit 100`,
    [olderThanSeconds],
  )
  return rows.map(({ id }) => id)
}
