// Turns: one question and the work that answers it. The row is the truth about a turn; the workflow only drives it.
import type { AuditEventInput } from '../../domain/audit/event.ts'
import type { Turn, TurnStatus } from '../../domain/chat/chat.ts'
import { AppError } from '../../domain/errors.ts'
import { auditInsert } from '../audit/events.ts'
import { type Db, firstOrNotFound } from '../database.ts'
import { newId } from '../ids.ts'
import { type ChatAccess, getChat } from './chats.ts'
import { isAnswer } from './messages.ts'

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
  /** Else the chat's own, else the default. */
  readonly model?: string | undefined
  readonly defaultModel: string
  readonly attachmentIds: readonly string[]
  readonly parentMessageId?: string | undefined
  /** Is written if, and only if, the turn is. */
  readonly event?: AuditEventInput | undefined
}

/**
 * The user's message and the queued turn, in one statement: what stands between a question and its first token is round
 * trips. The message follows the answer that is named, else the chat's newest. No row: the turn is there, the chat isn't
 * the caller's, or what was named is no answer.
 */
const createStatement = ({ cte, join }: { readonly cte: string; readonly join: string }): string => `
  with parent as (
    select m.id from messages m
    where m.chat_id = $2 and ${isAnswer} and ($7::uuid is null or m.id = $7) order by m.id desc limit 1),
  turn as (
    insert into turns (id, chat_id, user_message_id, attachment_ids, model)
    select $1, c.id, $4, $5::uuid[], coalesce($6, c.model, $9) from chats c
    where c.id = $2 and c.owner_id = $3 and ($7::uuid is null or exists (select from parent))
    on conflict (id) do nothing returning *),
  message as (
    insert into messages (id, chat_id, turn_id, role, content, parent_message_id)
    select t.user_message_id, t.chat_id, t.id, 'user', $8, (select id from parent) from turn t),
  touched as (update chats set updated_at = now() where id in (select chat_id from turn))${cte}
  select ${columns} from turn t ${join}`

/**
 * Stores the user's message and the queued turn at once; the same turn id again changes nothing. Without
 * `parentMessageId` the message follows the chat's newest answer. Throws `resource.not_found` for a chat that isn't the
 * user's, and `request.invalid` for a parent that is no answer in it.
 */
export async function createTurn(db: Db, input: NewTurn): Promise<Turn> {
  const { turnId, chatId, userId, attachmentIds, content, defaultModel } = input
  const [model, parent] = [input.model ?? null, input.parentMessageId ?? null]
  const bind: unknown[] = [turnId, chatId, userId, newId(), attachmentIds, model, parent, content, defaultModel]
  const audit = input.event && auditInsert(input.event, { firstParameter: bind.length + 1, when: 'turn' })
  const statement = createStatement({ cte: audit === undefined ? '' : `,\n  ${audit.cte}`, join: audit?.join ?? '' })
  const [row] = await db.query<TurnRow>(statement, [...bind, ...(audit?.bind ?? [])])
  if (row !== undefined) return toTurn(row)
  const existing = await findTurn(db, input)
  if (existing !== undefined) return existing
  await getChat(db, input)
  throw new AppError('request.invalid', {
    detail: 'A message follows an answer: name an answer of this chat, or leave parentMessageId out.',
    errors: [{ path: 'parentMessageId', message: 'isn’t an answer in this chat' }],
  })
}

/**
 * A new turn that answers the same message again; the same new id again changes nothing (`made` is false). Throws
 * `turn.running` while the old one isn't over.
 */
export async function createRetryTurn(
  db: Db,
  access: TurnAccess,
  newTurnId: string,
): Promise<{ readonly turn: Turn; readonly made: boolean }> {
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
    const inserted = await tx.query(
      `insert into turns (id, chat_id, user_message_id, attachment_ids, model) values ($1, $2, $3, $4::uuid[], $5)
       on conflict (id) do nothing returning id`,
      [newTurnId, access.chatId, userMessageId, attachmentIds, model],
    )
    return { turn: await getTurn(tx, { ...access, turnId: newTurnId }), made: inserted.length > 0 }
  })
}

async function findTurn(db: Db, { userId, chatId, turnId }: TurnAccess): Promise<Turn | undefined> {
  const [row] = await db.query<TurnRow>(
    `select ${columns} from turns t join chats c on c.id = t.chat_id and c.owner_id = $3 where t.id = $1 and t.chat_id = $2`,
    [turnId, chatId, userId],
  )
  return row && toTurn(row)
}

/** Throws `resource.not_found` also for a turn of somebody else. */
export async function getTurn(db: Db, access: TurnAccess): Promise<Turn> {
  const turn = await findTurn(db, access)
  return firstOrNotFound(turn === undefined ? [] : [turn], 'turn')
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

/** Undefined once the turn is gone with its chat. */
export async function findTurnStatus(db: Db, turnId: string): Promise<TurnStatus | undefined> {
  const [row] = await db.query<{ status: TurnStatus }>('select status from turns where id = $1', [turnId])
  return row?.status
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

/**
 * Turns of which nothing has been heard for more than `olderThanSeconds`: no step has begun, no tool is on its way (which
 * may wait for an approval as long as that takes) and none has ended.
 */
export async function listOverdueTurns(db: Db, olderThanSeconds: number): Promise<string[]> {
  const rows = await db.query<{ id: string }>(
    `select t.id from turns t
     where t.status in ('running', 'waiting_approval') and t.step_started_at < now() - make_interval(secs => $1)
       and not exists (select from tool_executions e where e.turn_id = t.id
         and (e.ended_at is null or e.ended_at > now() - make_interval(secs => $1)))
     order by t.step_started_at limit 100`,
    [olderThanSeconds],
  )
  return rows.map(({ id }) => id)
}
