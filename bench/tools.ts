// How long a tool call takes without an approval, beside the least that a workflow costs on the same Temporal server, and
// answered with a kept result beside that call; and how soon a turn that waits goes on once somebody has decided.
import { toolCallWorkflowId } from '../domain/tools/workflow-id.ts'
import { chatTurnWorkflowId } from '../workflows/chat/messages.ts'
import type { ApiClient } from '../test/support/api-client.ts'
import { followToEnd } from '../test/support/follow.ts'
import { openEvents } from '../test/support/server-sent-events.ts'
import { type ToolsWorld, startToolsWorld } from '../test/support/tools-world.ts'
import { plainEnvironment } from './bench-platform.ts'
import type { Benchmark, BenchmarkContext, Row } from './benchmark.ts'
import { type HelloWorkflow, startHelloWorker } from './hello-workflow.ts'
import { interleave, timed } from './interleave.ts'
import type { Series } from './statistics.ts'

/** Below a minute or two on two cores, so that a token lasts through its part. */
const executions = { rounds: 100, warmUp: 10 }
const decisions = { rounds: 50, warmUp: 3 }

interface Parts {
  readonly world: ToolsWorld
  readonly hello: HelloWorkflow
  readonly context: BenchmarkContext
}

interface Call {
  readonly toolId: string
  readonly arguments: object
  /** Whether a kept result must have answered it. */
  readonly cached: boolean
}

/** From the POST to the end of the run's events; the workflow has ended when it resolves. Throws unless it succeeds. */
async function execute(client: ApiClient, { hello }: Parts, { cached, toolId, ...call }: Call): Promise<number> {
  let executionId = ''
  const ms = await timed(async () => {
    executionId = (await client.post(`/tools/${toolId}/execute`, call)).body['execution'].id
    const { execution } =
      (await followToEnd(client, `/api/v1/tool-executions/${executionId}/events`)).at(-1)?.data ?? {}
    if (execution?.status !== 'succeeded' || execution.cached !== cached)
      throw new Error(`A run ended as ${execution?.status}, cached: ${execution?.cached}.`)
  })
  await hello.ended(toolCallWorkflowId(executionId))
  return ms
}

const series = (name: string, samples: readonly number[]): Series => ({ name, unit: 'ms', samples })

async function measureExecutions(parts: Parts): Promise<Row[]> {
  const { world, hello, context } = parts
  context.progress('executions')
  const caller = await world.person('user')
  const [time, calculate] = [await world.toolNamed('current_time'), await world.toolNamed('calculate')]
  const plain: Call = { toolId: time['id'], arguments: {}, cached: false }
  const kept: Call = { toolId: calculate['id'], arguments: { expression: '6 * 7' }, cached: true }
  await execute(caller, parts, { ...kept, cached: false })
  const taken = await interleave(
    {
      hello: async () => [await timed(hello.execute)],
      plain: async () => [await execute(caller, parts, plain)],
      kept: async () => [await execute(caller, parts, kept)],
    },
    { ...executions, rounds: context.times(executions.rounds) },
  )
  const executed = series('tool execution without an approval', taken.plain)
  return [
    { measured: executed, baseline: series('hello workflow', taken.hello) },
    { measured: series('the same, answered with a kept result', taken.kept), baseline: executed },
  ]
}

interface Decided {
  /** To the first text of the turn after it. */
  readonly fromSendingMs: number
  /** The same, from the moment in which the decision was answered. */
  readonly fromAnswerMs: number
}

interface Deciding {
  readonly requester: ApiClient
  readonly approver: ApiClient
  /** `http_request`, which always asks. */
  readonly toolId: string
}

async function decide(approver: ApiClient, approvalId: string) {
  const sent = performance.now()
  const { status, body } = await approver.post(`/approvals/${approvalId}/decide`, { decision: 'approve' })
  if (status !== 200) throw new Error(`The decision was refused with ${status}: ${JSON.stringify(body)}`)
  return { sent, answered: performance.now() }
}

/** A turn that calls the tool, waits, and is approved. Throws when it doesn't complete. */
async function runApprovedTurn({ world, hello }: Parts, { requester, approver, toolId }: Deciding): Promise<Decided> {
  const chatId = (await requester.post('/chats', { toolIds: [toolId] })).body['chat'].id
  const content = `/http_request ${JSON.stringify({ method: 'POST', url: `${world.echo.url}/`, body: 'hi' })}`
  const stream = await openEvents(`${requester.apiUrl}/api/v1/chats/${chatId}/turns`, {
    headers: { authorization: `Bearer ${requester.token}` },
    body: { content },
  })
  let [turnId, last, firstText] = ['', '', Number.NaN]
  let decided: ReturnType<typeof decide> | undefined
  for await (const { event, data } of stream.events) {
    last = event
    if (event === 'turn.started') turnId = JSON.parse(data).turn.id
    if (event === 'approval.requested') {
      decided = decide(approver, JSON.parse(data).approvalId)
      // Thrown below, once the stream has ended: nobody decides otherwise, so that a refused decision ends it, too.
      decided.catch(() => stream.close())
    }
    if (event === 'text.delta' && Number.isNaN(firstText)) firstText = performance.now()
  }
  const times = await decided
  if (last !== 'turn.completed' || times === undefined) throw new Error(`A turn ended with ${last || 'nothing'}.`)
  await hello.ended(chatTurnWorkflowId(turnId))
  return { fromSendingMs: firstText - times.sent, fromAnswerMs: Math.max(0, firstText - times.answered) }
}

async function measureDecisions(parts: Parts): Promise<Row[]> {
  const { world, hello, context } = parts
  context.progress('decisions')
  const { id: toolId } = await world.toolNamed('http_request')
  const deciding = { requester: await world.person('user'), approver: await world.person('approver'), toolId }
  const fromAnswer: number[] = []
  const taken = await interleave(
    {
      hello: async () => [await timed(hello.execute)],
      fromSending: async (round) => {
        const { fromSendingMs, fromAnswerMs } = await runApprovedTurn(parts, deciding)
        if (round >= 0) fromAnswer.push(fromAnswerMs)
        return [fromSendingMs]
      },
    },
    { ...decisions, rounds: context.times(decisions.rounds) },
  )
  const baseline = series('hello workflow', taken.hello)
  return [
    { measured: series('decision, from its sending to the turn’s next text', taken.fromSending), baseline },
    { measured: series('decision, from its answer to the turn’s next text', fromAnswer), baseline },
  ]
}

/** As `npm start` runs it, with the built-in model, which calls the tool that it is told to. */
export const tools: Benchmark = {
  name: 'tools',
  run: async (context) => {
    const world = await startToolsWorld(plainEnvironment)
    context.defer(() => world.stop())
    const hello = await startHelloWorker(world.platform.run.temporalAddress, context)
    const parts: Parts = { world, hello, context }
    return [...(await measureExecutions(parts)), ...(await measureDecisions(parts))]
  },
}
