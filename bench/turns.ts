// How long a durable turn takes, beside a bare call of the same model and beside the least that a workflow costs on the
// same Temporal server: bursts of so many at once, each with its baselines in turn.
import { chatTurnWorkflowId } from '../workflows/chat/messages.ts'
import { type ApiClient, signUp } from '../test/support/api-client.ts'
import { openEvents } from '../test/support/server-sent-events.ts'
import type { PlatformProcess } from '../test/support/platform-process.ts'
import { startBenchPlatform } from './bench-platform.ts'
import type { Benchmark, BenchmarkContext, Row } from './benchmark.ts'
import { type HelloWorkflow, startHelloWorker } from './hello-workflow.ts'
import { atOnce, interleave, timed } from './interleave.ts'
import { type MockModel, question, quickModel, startMockModel } from './mock-model.ts'
import { startBenchPostgres, startBenchRedis } from './services.ts'

interface MeasuredTurn {
  readonly turnId: string
  /** From the POST to the first text. */
  readonly firstMs: number
  /** From the POST to the end of the stream. */
  readonly wholeMs: number
}

/** Throws when the turn doesn't complete. */
export async function runTurn(client: ApiClient, chatId: string): Promise<MeasuredTurn> {
  const started = performance.now()
  const stream = await openEvents(`${client.apiUrl}/api/v1/chats/${chatId}/turns`, {
    headers: { authorization: `Bearer ${client.token}` },
    body: { content: question },
  })
  let turnId = ''
  let firstMs = Number.NaN
  let last = ''
  for await (const { event, data } of stream.events) {
    if (event === 'turn.started') turnId = JSON.parse(data).turn.id
    if (event === 'text.delta' && Number.isNaN(firstMs)) firstMs = performance.now() - started
    last = event
  }
  if (last !== 'turn.completed') throw new Error(`A turn ended with ${last || 'nothing'}.`)
  return { turnId, firstMs, wholeMs: performance.now() - started }
}

export const newChat = async (client: ApiClient): Promise<string> => (await client.post('/chats')).body['chat'].id

interface Parts {
  readonly hello: HelloWorkflow
  readonly model: MockModel
  readonly client: ApiClient
}

/** The rounds make enough samples for a p95 and end in about half a minute each on two cores. */
const bursts = [
  { count: 1, rounds: 100, firstTokenAim: 1 },
  { count: 16, rounds: 15, firstTokenAim: 1 },
  { count: 64, rounds: 5, firstTokenAim: undefined },
] as const

async function measureBurst(
  { hello, model, client }: Parts,
  burst: { readonly count: number; readonly rounds: number },
): Promise<Record<'hello' | 'modelFirst' | 'modelWhole' | 'first' | 'whole', number[]>> {
  const modelWhole: number[] = []
  const whole: number[] = []
  const samples = await interleave(
    {
      hello: () => atOnce(burst.count, () => timed(hello.execute)),
      modelFirst: async (round) => {
        const calls = await atOnce(burst.count, () => model.call())
        if (round >= 0) modelWhole.push(...calls.map(({ wholeMs }) => wholeMs))
        return calls.map(({ firstMs }) => firstMs)
      },
      first: async (round) => {
        const chats = await atOnce(burst.count, () => newChat(client))
        const turns = await Promise.all(chats.map((chatId) => runTurn(client, chatId)))
        if (round >= 0) whole.push(...turns.map(({ wholeMs }) => wholeMs))
        // The workflow ends after its stream: the next subject must not run beside that.
        await Promise.all(turns.map(({ turnId }) => hello.ended(chatTurnWorkflowId(turnId))))
        return turns.map(({ firstMs }) => firstMs)
      },
    },
    { rounds: burst.rounds, warmUp: burst.count === 1 ? 10 : 2 },
  )
  return { ...samples, modelWhole, whole }
}

async function measureTurns(context: BenchmarkContext, platform: PlatformProcess, model: MockModel): Promise<Row[]> {
  const hello = await startHelloWorker(platform.run.temporalAddress, context)
  const client = await signUp(platform.run.apiUrl)
  const rows: Row[] = []
  for (const { count, rounds, firstTokenAim } of bursts) {
    context.progress(`${count} at once`)
    const series = (name: string, samples: readonly number[]) => ({ name, unit: 'ms' as const, samples })
    const taken = await measureBurst({ hello, model, client }, { count, rounds: context.times(rounds) })
    const first = series(`durable turn to its first token, ${count} at once`, taken.first)
    rows.push(
      {
        measured: first,
        baseline: series('hello workflow', taken.hello),
        ...(firstTokenAim !== undefined && { aim: { of: 'ratio', limit: firstTokenAim } }),
      },
      { measured: first, baseline: series('bare model to its first token', taken.modelFirst) },
      {
        measured: series(`whole durable turn, ${count} at once`, taken.whole),
        baseline: series('whole bare model call', taken.modelWhole),
      },
    )
  }
  return rows
}

/** As `npm start` runs it: API and workers in one process, the embedded database. */
export const turns: Benchmark = {
  name: 'turns',
  run: async (context) => {
    const model = await startMockModel(quickModel, context)
    return measureTurns(context, await startBenchPlatform(context, model.environment), model)
  },
}

/** As in production: API and workers in processes of their own, Postgres and Valkey; Temporal stays the dev server. */
export const turnsOnServices: Benchmark = {
  name: 'turns-on-services',
  run: async (context) => {
    const model = await startMockModel(quickModel, context)
    const services = { ...(await startBenchPostgres(context)), ...(await startBenchRedis(context)) }
    return measureTurns(context, await startBenchPlatform(context, { ...model.environment, ...services }), model)
  },
}
