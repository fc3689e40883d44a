// What the sweep does with runs that nobody drives: it starts what was never started, ends what was lost, and leaves alone
// what a workflow still has in hand, however long that takes.
import { WorkflowExecutionAlreadyStartedError, WorkflowNotFoundError } from '@temporalio/client'
import { expect } from 'chai'
import { createChat } from '../../db/chat/chats.ts'
import { createTurn } from '../../db/chat/turns.ts'
import { newId } from '../../db/ids.ts'
import { createExecution, getExecution, moveExecution } from '../../db/tools/executions.ts'
import { type StoredTool, createTool } from '../../db/tools/tools.ts'
import type { ExecutionStatus } from '../../domain/tools/execution.ts'
import { parseConfig } from '../../platform/config.ts'
import type { Platform } from '../../platform/platform.ts'
import { createStreams } from '../../platform/stream/create-streams.ts'
import { endLostExecutions, startExecutions } from '../../workers/sweep-executions.ts'
import { captureLog } from '../support/captured-log.ts'
import { type TestDatabase, startTestDatabase } from '../support/database.ts'
import { makeOwner } from '../support/vault-parts.ts'

describe('the sweep of runs', function () {
  this.timeout(60_000)
  let database: TestDatabase
  let platform: Platform
  let streams: ReturnType<typeof createStreams>
  let userId: string
  let tool: StoredTool
  let turnId: string
  const started: string[] = []
  const running = new Set<string>()
  const ended = new Set<string>()

  const workflow = {
    start: async (_type: string, { workflowId }: { readonly workflowId: string }) => {
      if (ended.has(workflowId)) throw new WorkflowExecutionAlreadyStartedError('ended', workflowId, 'toolCall')
      started.push(workflowId)
    },
    getHandle: (workflowId: string) => ({
      describe: async () => {
        if (running.has(workflowId)) return { status: { name: 'RUNNING' } }
        if (ended.has(workflowId)) return { status: { name: 'TERMINATED' } }
        throw new WorkflowNotFoundError('none', workflowId, undefined)
      },
    }),
  }

  before(async () => {
    database = await startTestDatabase()
    const { db } = database
    const { log } = captureLog()
    streams = createStreams({ redisUrl: undefined, retentionSeconds: 60, log })
    const config = parseConfig({ NODE_ENV: 'test' })
    platform = { db, log, config, bus: streams.bus, streams: streams.streams, temporal: { workflow } } as never
    userId = await makeOwner(db)
    const id = newId()
    const settings = { requiresApproval: false, policyId: null, cacheTtlSeconds: 0, enabled: true, sideEffects: false }
    const shape = { name: 'sweep', description: 'D', inputSchema: {}, config: {}, secretRefs: [] }
    ;({ tool } = await db.transaction((tx) =>
      createTool(tx, { id, kind: 'builtin', ownerId: null, ...settings, ...shape }),
    ))
    const chatId = newId()
    turnId = newId()
    await createChat(db, { userId, chatId }, {})
    await createTurn(db, { userId, chatId, turnId, content: 'x', defaultModel: 'm/m', attachmentIds: [] })
  })
  beforeEach(async () => {
    await database.db.execute('delete from tool_executions')
    started.length = 0
  })
  after(async () => {
    await streams?.close()
    await database?.stop()
  })

  async function make(given: { status?: ExecutionStatus; seconds?: number; ofTurn?: boolean } = {}): Promise<string> {
    const { status = 'queued', seconds = 0, ofTurn = false } = given
    const { db } = database
    const id = newId()
    const run = {
      id,
      toolId: tool.id,
      toolVersionId: tool.versionId,
      requesterId: userId,
      arguments: {},
      noCache: false,
    }
    await createExecution(db, ofTurn ? { ...run, call: { turnId, callId: id, step: 1 } } : run)
    if (status !== 'queued') await moveExecution(db, id, { from: ['queued'], to: status })
    const ago = 'now() - make_interval(secs => $2)'
    await db.execute(
      `update tool_executions set updated_at = ${ago}, started_at = case when started_at is not null then ${ago} end where id = $1`,
      [id, seconds],
    )
    return id
  }
  const stateOf = async (executionId: string) => {
    const { status, problem } = await getExecution(database.db, { executionId, userId })
    return [status, problem?.code ?? null]
  }

  it('starts what a person asked for a while ago, and fails what was ended before it began', async () => {
    const [fresh, old, dead, ofTurn] = [
      await make(),
      await make({ seconds: 10 }),
      await make({ seconds: 10 }),
      await make({ seconds: 10, ofTurn: true }),
    ]
    ended.add(`tool-call/${dead}`)
    await startExecutions(platform)
    expect(started).to.deep.equal([`tool-call/${old}`])
    expect(await stateOf(dead)).to.deep.equal(['failed', 'internal'])
    for (const id of [fresh, old, ofTurn]) expect(await stateOf(id)).to.deep.equal(['queued', null])
    const sql = `select action from audit_events where leaf like '%' || $1 || '%'`
    expect(await database.owner.query(sql, [dead])).to.deep.equal([{ action: 'tool.fail' }])
  })

  it('leaves the calls of a turn to its workflow, and cancels those of a turn that is over', async () => {
    const { db } = database
    const [waits, driven] = [await make({ seconds: 100, ofTurn: true }), await make({ seconds: 100, ofTurn: true })]
    running.add(`tool-call/${driven}`)
    await endLostExecutions(platform)
    expect(await stateOf(waits)).to.deep.equal(['queued', null])
    await db.execute(`update turns set status = 'failed', ended_at = now() where id = $1`, [turnId])
    await endLostExecutions(platform)
    expect(await stateOf(waits)).to.deep.equal(['cancelled', null])
    expect(await stateOf(driven)).to.deep.equal(['queued', null])
  })

  it('ends what was lost on its way, and says so of what may have run', async () => {
    const lost = await make({ status: 'approved', seconds: 700 })
    const ran = await make({ status: 'running', seconds: 900 })
    const younger = await make({ status: 'running', seconds: 650 })
    const driven = await make({ status: 'running', seconds: 900 })
    running.add(`tool-call/${driven}`)
    ended.add(`tool-call/${ran}`)
    await endLostExecutions(platform)
    expect(await stateOf(lost)).to.deep.equal(['failed', 'internal'])
    expect(await stateOf(ran)).to.deep.equal(['failed', 'tool.outcome_unknown'])
    for (const id of [younger, driven]) expect(await stateOf(id)).to.deep.equal(['running', null])
  })

  it('lets a run wait for its approval as long as that is open', async () => {
    const { db } = database
    const [open, over] = [await make(), await make()]
    for (const [executionId, expires] of [
      [open, `now() + interval '20 days'`],
      [over, `now() - interval '1 day'`],
    ]) {
      const approvalId = newId()
      await db.execute(
        `insert into approvals (id, execution_id, requester_id, tool_name, policy_version, approver_roles, quorum, escalation,
           allow_edit, arguments, arguments_hash, preview, expires_at)
         values ($1, $2, $3, 'x', 0, '{approver}', 1, '[]', false, '{}', '', '{}', ${expires})`,
        [approvalId, executionId, userId],
      )
      await db.execute(
        `update tool_executions set status = 'pending_approval', approval_id = $2, updated_at = now() - interval '10 days' where id = $1`,
        [executionId, approvalId],
      )
    }
    await endLostExecutions(platform)
    expect(await stateOf(open)).to.deep.equal(['pending_approval', null])
    expect(await stateOf(over)).to.deep.equal(['failed', 'internal'])
    const rows = await db.query<{ status: string }>('select status from approvals where execution_id = $1', [over])
    expect(rows).to.deep.equal([{ status: 'cancelled' }])
  })
})
