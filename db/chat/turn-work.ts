// What the work on a turn does to its row: it begins it and ends it, each in one statement, because every round trip
// before the first token is the user's wait, and every one after it is load.
import type { TurnStatus } from '../../domain/chat/chat.ts'
import type { TranscriptMessage } from '../../domain/chat/transcript.ts'
import type { EndedTurn } from '../../domain/chat/turn-ending.ts'
import type { StoredProblem } from '../../domain/errors.ts'
import type { Db } from '../database.ts'
import { newId } from '../ids.ts'
import { type MessageRow, type NewAnswer, findAnswer, messageColumns, toMessage } from './messages.ts'

/** What a model step needs of its turn. */
export interface TurnWork {
  readonly status: TurnStatus
  readonly chatId: string
  readonly ownerId: string
  readonly userMessageId: string
  readonly model: string
  readonly systemPrompt: string | null
  readonly temperature: number | null
  readonly toolIds: string[]
  readonly collectionIds: string[]
  /** The chat's documents and the turn's attachments. */
  readonly documentIds: string[]
  /** The messages that lead to the user's, which is the last one. */
  readonly branch: readonly TranscriptMessage[]
  /** This step was done before, and called tools. */
  readonly hasCalled: boolean
  /** Of the steps so far. */
  readonly tokens: number
  /** Of models and tools so far; of tools that run side by side, the one that took longest. */
  readonly seconds: number
}

/** Enough for any context window; a longer branch is cut at its old end. */
const branchLimit = 1_000

const transcriptMessage = (row: string): string =>
  `json_build_object('role', ${row}.role, 'content', ${row}.content, 'toolCalls', ${row}.tool_calls, 'callId', ${row}.call_id)`

/** A repeat of a step that has called tools leaves the status to them. */
const beginStatement = `
  with recursive done as (
    select exists (select from messages m where m.turn_id = $1 and m.step = $2 and m.role = 'assistant') as called),
  begun as (
    update turns t set status = case when d.called then t.status else 'running' end,
      started_at = coalesce(t.started_at, now()), step_started_at = now()
    from chats c, done d
    where t.id = $1 and c.id = t.chat_id and t.status in ('queued', 'running', 'waiting_approval')
    returning t.status, t.chat_id, c.owner_id, t.user_message_id, t.model, c.system_prompt, c.temperature, c.tool_ids,
      c.collection_ids, c.document_ids || t.attachment_ids as document_ids, t.work_ms, d.called),
  branch as (
    select m.chat_id, m.role, m.content, m.tool_calls, m.call_id, m.parent_message_id, 1 as depth
    from messages m where m.id = (select user_message_id from begun)
    union all
    select m.chat_id, m.role, m.content, m.tool_calls, m.call_id, m.parent_message_id, b.depth + 1
    from messages m join branch b on m.id = b.parent_message_id and m.chat_id = b.chat_id
    where b.depth < ${branchLimit})
  select status, chat_id as "chatId", owner_id as "ownerId", user_message_id as "userMessageId", model,
    system_prompt as "systemPrompt", temperature, tool_ids as "toolIds", collection_ids as "collectionIds",
    document_ids as "documentIds", called as "hasCalled",
    (select coalesce(json_agg(${transcriptMessage('b')} order by b.depth desc), '[]') from branch b) as branch,
    (select coalesce(sum((m.usage->>'inputTokens')::int + (m.usage->>'outputTokens')::int), 0)::int
     from messages m where m.turn_id = $1 and m.role = 'assistant') as tokens,
    work_ms / 1000.0::float8 + (select coalesce(sum(longest), 0)::float8 from (
      select max(extract(epoch from e.ended_at - e.started_at)) as longest
      from tool_executions e where e.turn_id = $1 group by e.step) tools) as seconds
  from begun`

/** Marks a turn as running and reads what its step needs; undefined once it is over or gone. */
export async function beginTurn(db: Db, turnId: string, step = 1): Promise<TurnWork | undefined> {
  const [work] = await db.query<TurnWork>(beginStatement, [turnId, step])
  return work
}

export type TurnEnding =
  | { readonly status: 'completed'; readonly answer: NewAnswer }
  /** Cancelled with what there was, which may be nothing. */
  | { readonly status: 'cancelled'; readonly answer: NewAnswer | null }
  | { readonly status: 'failed'; readonly problem: StoredProblem }

/**
 * The answer goes in only with the ending that counts, so that a turn has no second one. Runs that nobody has begun never
 * begin: whoever holds one's row at this moment has begun it, and hears of the turn's end by its own cancel.
 */
const endStatement = `
  with spent as (
    select m.usage from messages m where m.turn_id = $1 and m.usage is not null
    union all select $3::jsonb where $3::jsonb is not null),
  ended as (
    update turns set status = $2, problem = $4::jsonb, ended_at = now(), usage = (
      select case when count(*) > 0 then jsonb_build_object('inputTokens', sum((usage->>'inputTokens')::int),
        'outputTokens', sum((usage->>'outputTokens')::int), 'estimated', bool_or((usage->>'estimated')::boolean)) end
      from spent)
    where id = $1 and status not in ('completed', 'failed', 'cancelled') returning id, chat_id, status, problem),
  dropped as (
    update tool_executions set status = 'cancelled', ended_at = now(), updated_at = now()
    where id in (select e.id from tool_executions e where e.turn_id in (select id from ended) and e.status = 'queued'
      for update skip locked)),
  answer as (
    insert into messages (id, chat_id, turn_id, step, role, content, citations, model, usage, parent_message_id)
    select $5, e.chat_id, e.id, $6, 'assistant', $7, $8::jsonb, $9, $3::jsonb, $10 from ended e where $6::integer is not null
    returning *)
  select e.status as ended, e.problem as "endedProblem", ${messageColumns}
  from ended e left join answer m on m.turn_id = e.id`

interface EndedRow extends MessageRow {
  readonly ended: EndedTurn['status']
  readonly endedProblem: StoredProblem | null
}

const json = (value: object | null): string | null => (value === null ? null : JSON.stringify(value))

/**
 * Ends a turn and stores its answer at once. Only the first ending counts: the result says how the turn did end, which
 * may be otherwise than asked. Undefined when the turn is gone.
 */
export async function endTurn(db: Db, turnId: string, ending: TurnEnding): Promise<EndedTurn | undefined> {
  const answer = ending.status === 'failed' ? null : ending.answer
  const usage = answer?.usage ?? null
  const problem = ending.status === 'failed' ? ending.problem : null
  const bind = [turnId, ending.status, json(usage), json(problem), newId(), answer?.step ?? null]
  bind.push(answer?.content ?? null, json(answer?.citations ?? null), answer?.model ?? null)
  bind.push(answer?.parentMessageId ?? null)
  const [row] = await db.query<EndedRow>(endStatement, bind)
  if (row === undefined) return findEndedTurn(db, turnId)
  const { ended, endedProblem, ...message } = row
  return { status: ended, problem: endedProblem, message: answer === null ? null : toMessage(message) }
}

/** How a turn ended; undefined while it runs, or when it is gone. */
export async function findEndedTurn(db: Db, turnId: string): Promise<EndedTurn | undefined> {
  const [row] = await db.query<{ status: EndedTurn['status']; problem: StoredProblem | null }>(
    `select status, problem from turns where id = $1 and status in ('completed', 'failed', 'cancelled')`,
    [turnId],
  )
  return row === undefined ? undefined : { ...row, message: (await findAnswer(db, turnId)) ?? null }
}
