// What tools answered, as messages of a turn: made of the runs' rows when the next step begins, once for each call.
import type { CallOutcome } from '../../domain/chat/tool-answer.ts'
import type { TranscriptMessage } from '../../domain/chat/transcript.ts'
import type { Db } from '../database.ts'
import { newId } from '../ids.ts'

export interface StepOfTurn {
  readonly turnId: string
  readonly step: number
}

/** The calls of a step that no message answers yet, in the order in which they were made. */
export async function findUnansweredCalls(
  db: Db,
  { turnId, step }: StepOfTurn,
): Promise<(CallOutcome & { readonly callId: string })[]> {
  return db.query(
    `select e.call_id as "callId", e.status, e.result, e.problem,
       (select d.reason from approval_decisions d join approvals a on a.id = d.approval_id
        where a.execution_id = e.id and d.decision = 'deny' order by d.at desc limit 1) as reason,
       (select e.arguments from messages m, jsonb_array_elements(m.tool_calls) c
        where m.turn_id = $1 and m.step = $2 and m.role = 'assistant' and c->>'callId' = e.call_id
          and c->'arguments' <> e.arguments) as "ranWith"
     from tool_executions e
     where e.turn_id = $1 and e.step = $2
       and not exists (select from messages m where m.turn_id = $1 and m.step = $2 and m.role = 'tool' and m.call_id = e.call_id)
     order by e.id`,
    [turnId, step],
  )
}

export interface ToolMessage {
  readonly callId: string
  readonly content: string
}

/** Each follows the one before, the first of them the step's last message. Those of a call that is answered change nothing. */
export async function addToolMessages(
  db: Db,
  { turnId, step }: StepOfTurn,
  messages: readonly ToolMessage[],
): Promise<void> {
  if (messages.length === 0) return
  const ids = messages.map(() => newId())
  await db.execute(
    `with last as (
       select m.id, m.chat_id from messages m where m.turn_id = $1 and m.step = $2 order by m.role desc, m.id desc limit 1)
     insert into messages (id, chat_id, turn_id, step, role, content, call_id, parent_message_id)
     select n.id, l.chat_id, $1, $2, 'tool', n.content, n.call_id, coalesce(lag(n.id) over (order by n.place), l.id)
     from last l, unnest($3::uuid[], $4::text[], $5::text[]) with ordinality as n (id, call_id, content, place)
     on conflict (turn_id, step, role, call_id) do nothing`,
    [turnId, step, ids, messages.map(({ callId }) => callId), messages.map(({ content }) => content)],
  )
}

/** What models and tools have said in the turn so far, in order. */
export async function listSteps(db: Db, turnId: string): Promise<(TranscriptMessage & { readonly id: string })[]> {
  return db.query(
    `select id, role, content, tool_calls as "toolCalls", call_id as "callId" from messages
     where turn_id = $1 and step > 0 order by step, role, id`,
    [turnId],
  )
}
