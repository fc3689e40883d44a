// The calls of a model step: its message and the runs that it asks for, in one transaction, so that a repeated step finds
// all of them or none, and no tool runs that no message has called.
import type { AuditEventInput } from '../../domain/audit/event.ts'
import type { Message } from '../../domain/chat/chat.ts'
import type { ToolCalled } from '../../domain/chat/turn-event.ts'
import { appendAuditEvent } from '../audit/events.ts'
import type { Db } from '../database.ts'
import { newId } from '../ids.ts'
import { createExecution } from '../tools/executions.ts'
import type { NewAnswer } from './messages.ts'
import { type StepOfTurn, type ToolMessage, addToolMessages } from './tool-messages.ts'

export interface NewRun {
  readonly executionId: string
  readonly callId: string
  readonly toolId: string
  readonly toolVersionId: string
  readonly arguments: Readonly<Record<string, unknown>>
  readonly event: AuditEventInput
}

export interface NewCalls {
  readonly turnId: string
  readonly requesterId: string
  readonly answer: NewAnswer
  readonly toolCalls: Message['toolCalls']
  readonly runs: readonly NewRun[]
  /** What the model is told of calls that become no run. */
  readonly refusals: readonly ToolMessage[]
}

/** The runs of a step, in the order of the calls. */
export async function findStepRuns(db: Db, { turnId, step }: StepOfTurn): Promise<ToolCalled[]> {
  return db.query(
    `select e.call_id as "callId", e.id as "executionId", t.name as tool, e.arguments
     from tool_executions e join tools t on t.id = e.tool_id where e.turn_id = $1 and e.step = $2 order by e.id`,
    [turnId, step],
  )
}

/** Those of these runs that haven't ended. */
export async function findUnended(db: Db, executionIds: readonly string[]): Promise<string[]> {
  const rows = await db.query<{ id: string }>(
    'select id from tool_executions where id = any($1::uuid[]) and ended_at is null',
    [executionIds],
  )
  return rows.map(({ id }) => id)
}

/** False when the step has its message already. */
async function addMessage(tx: Db, chatId: string, { turnId, answer, toolCalls }: NewCalls): Promise<boolean> {
  const bind: unknown[] = [newId(), chatId, turnId, answer.step, answer.content, JSON.stringify(answer.citations)]
  bind.push(JSON.stringify(toolCalls), answer.model, JSON.stringify(answer.usage), answer.parentMessageId)
  const added = await tx.query(
    `insert into messages (id, chat_id, turn_id, step, role, content, citations, tool_calls, model, usage, parent_message_id)
     values ($1, $2, $3, $4, 'assistant', $5, $6::jsonb, $7::jsonb, $8, $9::jsonb, $10)
     on conflict (turn_id, step, role, call_id) do nothing returning id`,
    bind,
  )
  return added.length > 0
}

async function addRuns(tx: Db, { turnId, requesterId, runs }: NewCalls, step: number): Promise<void> {
  for (const { executionId, callId, event, ...run } of runs) {
    await createExecution(tx, {
      ...run,
      id: executionId,
      requesterId,
      noCache: false,
      call: { turnId, callId, step },
    })
    await appendAuditEvent(tx, event)
  }
}

/** Resolves to the step's runs, which are those of its first commit; undefined when the turn is over or gone. */
export async function commitCalls(db: Db, calls: NewCalls): Promise<ToolCalled[] | undefined> {
  const { turnId, answer, refusals } = calls
  const { step } = answer
  return db.transaction(async (tx) => {
    const [turn] = await tx.query<{ chatId: string }>(
      `select chat_id as "chatId" from turns where id = $1 and status not in ('completed', 'failed', 'cancelled') for update`,
      [turnId],
    )
    if (turn === undefined) return undefined
    if (await addMessage(tx, turn.chatId, calls)) {
      await addRuns(tx, calls, step)
      await addToolMessages(tx, { turnId, step }, refusals)
      await tx.execute(
        `update turns set work_ms = work_ms + extract(epoch from clock_timestamp() - step_started_at) * 1000 where id = $1`,
        [turnId],
      )
    }
    return findStepRuns(tx, { turnId, step })
  })
}
