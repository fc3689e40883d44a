// Turns whose steps a test runs by itself, one activity call after the other: a real database, the drivers against the mock
// upstream, the stream in memory. What a tool answered, the test writes into its run's row.
import { createModelStep, type StepResult } from '../../activities/chat/model-step.ts'
import { createChat } from '../../db/chat/chats.ts'
import { listMessages } from '../../db/chat/messages.ts'
import { createTurn, getTurn } from '../../db/chat/turns.ts'
import { newId } from '../../db/ids.ts'
import { moveExecution } from '../../db/tools/executions.ts'
import { type StoredTool, createTool } from '../../db/tools/tools.ts'
import type { Message, Turn } from '../../domain/chat/chat.ts'
import { parseConfig } from '../../platform/config.ts'
import { createEmbeddings } from '../../platform/llm/embeddings.ts'
import { createLanguageModels } from '../../platform/llm/language-models.ts'
import { createLogger } from '../../platform/logger.ts'
import { createLocalBus } from '../../platform/stream/local-bus.ts'
import { createLocalTurnStream } from '../../platform/stream/local-turn-stream.ts'
import type { StreamEntry, TurnStream } from '../../platform/stream/turn-stream.ts'
import { type TestDatabase, startTestDatabase } from './database.ts'
import { inActivity } from './in-activity.ts'
import { type MockUpstream, type MockUpstreamOptions, startMockUpstream } from './mock-upstream.ts'
import { makeOwner } from './vault-parts.ts'

export interface TestTurn {
  readonly id: string
  readonly chatId: string
  readonly userId: string
}

/** In OpenAI's form, whoever was asked. */
export interface SentRequest {
  readonly messages: readonly {
    readonly role: string
    readonly content: unknown
    readonly tool_call_id?: string
    readonly tool_calls?: readonly { readonly id: string }[]
  }[]
  readonly tools?: readonly { readonly function: { readonly name: string } }[]
}

export interface TurnWorld extends AsyncDisposable {
  readonly database: TestDatabase
  readonly upstream: MockUpstream
  readonly streams: TurnStream
  makeTool(name: string): Promise<StoredTool>
  /** In the chat of `after`, where that is given. */
  makeTurn(turn: {
    readonly content: string
    readonly model?: string
    readonly tools?: readonly StoredTool[]
    readonly after?: TestTurn
  }): Promise<TestTurn>
  runStep(turn: TestTurn, step: number, options?: StepOptions): Promise<StepResult>
  /** Ends a run as if its tool had been called. */
  succeed(executionId: string, result: unknown): Promise<void>
  /** What the model was asked last. */
  lastRequest(): SentRequest
  /** Oldest first. */
  messagesOf(turn: TestTurn): Promise<readonly Message[]>
  read(turn: TestTurn): Promise<Turn>
  /** Of a turn that has ended. */
  eventsOf(turn: TestTurn): Promise<readonly StreamEntry[]>
}

export interface StepOptions {
  readonly attempt?: number
  readonly environment?: Readonly<Record<string, string>>
}

export async function openTurnWorld(options: MockUpstreamOptions = {}): Promise<TurnWorld> {
  const [database, upstream] = [await startTestDatabase(), await startMockUpstream(options)]
  const log = createLogger({ level: 'silent' })
  const [streams, bus] = [createLocalTurnStream({ retentionMs: 3_600_000 }), createLocalBus({ log })]
  const environment = {
    OPENAI_API_KEY: 'k',
    OPENAI_BASE_URL: upstream.baseUrl,
    ANTHROPIC_API_KEY: 'k',
    ANTHROPIC_BASE_URL: upstream.url,
    OLLAMA_HOST: upstream.url,
  }
  const { db } = database
  return {
    database,
    upstream,
    streams,
    makeTool: async (name) =>
      db.transaction(async (tx) => {
        const settings = { description: name, inputSchema: { type: 'object' }, config: {}, secretRefs: [] }
        const rules = { requiresApproval: false, policyId: null, cacheTtlSeconds: 0, enabled: true, sideEffects: false }
        return (await createTool(tx, { id: newId(), name, kind: 'builtin', ownerId: null, ...settings, ...rules })).tool
      }),
    makeTurn: async ({ content, model, tools = [], after }) => {
      const userId = after?.userId ?? (await makeOwner(db))
      const chatId = after?.chatId ?? newId()
      if (after === undefined) await createChat(db, { userId, chatId }, { toolIds: tools.map(({ id }) => id) })
      const turn = { id: newId(), chatId, userId }
      const access = { userId, chatId, turnId: turn.id }
      await createTurn(db, { ...access, content, model, defaultModel: 'offline/extractive', attachmentIds: [] })
      return turn
    },
    runStep: (turn, step, { attempt = 1, environment: more = {} } = {}) => {
      const config = parseConfig({ ...environment, ...more })
      const [llm, embeddings] = [createLanguageModels(config), createEmbeddings(config)]
      const run = createModelStep({ db, log, config, streams, bus, llm, embeddings })
      return inActivity(() => run({ turnId: turn.id, step }), { attempt })
    },
    succeed: async (executionId, result) => {
      await moveExecution(db, executionId, { from: ['queued'], to: 'running' })
      await moveExecution(db, executionId, { from: ['running'], to: 'succeeded', result })
    },
    lastRequest: () => upstream.requests().at(-1)?.body as unknown as SentRequest,
    messagesOf: async (turn) => {
      const { data } = await listMessages(db, turn, { limit: 100 })
      return data.filter(({ turnId }) => turnId === turn.id).toReversed()
    },
    read: (turn) => getTurn(db, { ...turn, turnId: turn.id }),
    eventsOf: async (turn) => {
      const entries: StreamEntry[] = []
      for await (const entry of streams.read(turn.id, { signal: new AbortController().signal })) entries.push(entry)
      return entries
    },
    [Symbol.asyncDispose]: async () => {
      await streams.close()
      await upstream.stop()
      await database.stop()
    },
  }
}

/** An approval that a run waits for, as its row stands while nobody has decided. */
export async function waitForApproval(
  { database: { db } }: Pick<TurnWorld, 'database'>,
  turn: TestTurn,
  executionId: string,
): Promise<string> {
  const id = newId()
  await db.execute(
    `insert into approvals (id, execution_id, requester_id, tool_name, policy_version, approver_roles, quorum, escalation,
       allow_edit, arguments, arguments_hash, preview, expires_at)
     values ($1, $2, $3, 'look', 1, '{approver}', 1, '[]', false, '{"at": 1}', 'x', '{}', now() + interval '1 day')`,
    [id, executionId, turn.userId],
  )
  await moveExecution(db, executionId, { from: ['queued'], to: 'pending_approval', approvalId: id })
  await db.execute(`update turns set status = 'waiting_approval' where id = $1`, [turn.id])
  return id
}
