// What must still hold at the moment in which an approved call would run: whatever doesn't, keeps it from running.
import { expect } from 'chai'
import { listAuditEvents } from '../../../db/audit/events.ts'
import { createChat } from '../../../db/chat/chats.ts'
import { createTurn } from '../../../db/chat/turns.ts'
import { newId } from '../../../db/ids.ts'
import { AppError } from '../../../domain/errors.ts'
import { appErrorOf } from '../../support/app-error-of.ts'
import { type ApprovalWorld, type Somebody, openApprovalWorld } from '../../support/approval-world.ts'

describe('the dispatch of an approved call', function () {
  this.timeout(60_000)
  const ran: string[] = []
  let behave: (signal: AbortSignal) => Promise<unknown> = async () => ({ done: true })
  let world: ApprovalWorld
  let requester: Somebody
  let approver: Somebody
  let names = 0

  before(async () => {
    world = await openApprovalWorld({
      run: async (_tool, _args, { executionId, signal }) => {
        ran.push(executionId)
        return behave(signal)
      },
    })
    requester = await world.person('user')
    approver = await world.person('approver')
  })
  after(() => world?.stop())
  beforeEach(() => {
    behave = async () => ({ done: true })
  })

  async function approved(given: object = {}, by = approver) {
    names += 1
    const tool = await world.tool({ name: `tool_${names}`, ...given })
    const executionId = await world.call(tool, requester)
    expect((await world.plan(executionId)).next).to.equal('approval')
    const { approval } = await world.approval(executionId)
    const { argumentsHash } = approval
    expect(await world.say(by, approval.id, { act: 'approve', argumentsHash })).to.equal('approved')
    return { tool, executionId, approvalId: approval.id }
  }
  const statusOf = async (executionId: string): Promise<string> => (await world.work(executionId)).status
  const owner = () => world.database.owner

  it('runs what was approved, once, whoever repeats it', async () => {
    const { executionId } = await approved()
    expect(await world.run(executionId)).to.equal('succeeded')
    expect(await world.run(executionId, { attempt: 2 })).to.equal('succeeded')
    expect(ran.filter((id) => id === executionId)).to.have.length(1)
  })

  it('tells the log of the run by the hash that was approved', async () => {
    const { executionId, tool } = await approved()
    await world.run(executionId)
    const { argumentsHash } = (await world.approval(executionId)).approval
    const { data } = await listAuditEvents(owner(), { action: 'tool.run', resourceId: tool.id }, { limit: 5 })
    expect(data.map(({ leaf }) => leaf.details)).to.deep.equal([{ executionId, tool: tool.name, argumentsHash }])
  })

  it('[L2] never runs it a second time when the first end was lost', async () => {
    const { executionId } = await approved()
    behave = () => Promise.reject(new Error('the process dies here'))
    await owner().execute(`update tool_executions set status = 'running', started_at = now() where id = $1`, [
      executionId,
    ])
    expect(await appErrorOf(world.run(executionId, { attempt: 2 }))).to.include({ code: 'tool.outcome_unknown' })
    expect(ran).not.to.include(executionId)
    const ending = { status: 'failed', problem: { code: 'tool.timeout', title: 'It took too long' } } as const
    expect(await world.end(executionId, ending)).to.deep.equal({ outcome: 'failed' })
    const [row] = await owner().query<{ code: string }>(
      `select problem->>'code' as code from tool_executions where id = $1`,
      [executionId],
    )
    expect(row?.code).to.equal('tool.outcome_unknown')
  })

  for (const [what, change] of [
    ['the arguments', `update tool_executions set arguments = '{"text": "as an intruder wants it"}' where id = $1`],
    ['the approval’s hash', `update approvals set arguments_hash = repeat('0', 64) where execution_id = $1`],
    ['the time', `update approvals set expires_at = now() - interval '1 second' where execution_id = $1`],
  ] as const) {
    it(`[L2] asks again when ${what} changed`, async () => {
      const { executionId, approvalId } = await approved()
      await owner().execute(change, [executionId])
      expect(await world.run(executionId)).to.equal('approval_void')
      expect(ran).not.to.include(executionId)
      expect(await statusOf(executionId)).to.equal('pending_approval')
      const { approval } = await world.approval(executionId)
      expect(approval).to.include({ id: approvalId, status: 'pending', revision: 2 })
      const { arguments: willRun } = await world.work(executionId)
      expect(approval.arguments, 'what is shown is what would run').to.deep.equal(willRun)
      const { argumentsHash } = approval
      expect(await world.say(approver, approvalId, { act: 'approve', argumentsHash })).to.equal('approved')
      expect(await world.run(executionId)).to.equal('succeeded')
    })
  }

  it('[L2] asks again when the policy changed, or another one applies', async () => {
    const { executionId, tool } = await approved()
    const policy = await world.policy({ match: [tool.name], approverRoles: ['admin'] }, approver)
    expect(await world.run(executionId)).to.equal('approval_void')
    const { approval } = await world.approval(executionId)
    expect(approval.approverRoles).to.deep.equal(['admin'])
    const { argumentsHash } = approval
    const error = await appErrorOf(world.say(approver, approval.id, { act: 'approve', argumentsHash }))
    expect(error).to.include({ code: 'approval.not_eligible' })
    await owner().execute('delete from approval_policies where id = $1', [policy.id])
  })

  it('[L2] asks again when a voice that counted has gone', async () => {
    const leaving = await world.person('approver')
    const { executionId } = await approved({}, leaving)
    await owner().execute('update users set disabled_at = now() where id = $1', [leaving.userId])
    expect(await world.run(executionId)).to.equal('approval_void')
    const without = await world.person('approver')
    const other = await approved({}, without)
    await owner().execute('delete from user_roles where user_id = $1', [without.userId])
    expect(await world.run(other.executionId)).to.equal('approval_void')
    expect(ran).not.to.include(executionId).and.not.include(other.executionId)
  })

  it('[L2] asks again when somebody was spoken for who has gone, also where the delegate might speak by now', async () => {
    await world.role('deputy', 'approval:decide')
    const [leaving, deputy] = [await world.person('approver'), await world.person('deputy')]
    const escalation = [{ afterSeconds: 60, roles: ['deputy'] }]
    await world.policy({ match: ['tool_of_two'], approverRoles: ['approver'], quorum: 2, escalation }, approver)
    const executionId = await world.call(await world.tool({ name: 'tool_of_two' }), requester)
    await world.plan(executionId)
    const { id, argumentsHash } = (await world.approval(executionId)).approval
    await world.say(leaving, id, { act: 'delegate', to: deputy.userId })
    await world.say(deputy, id, { act: 'approve', argumentsHash })
    await world.pass(id, 61)
    await world.escalate(id)
    expect(await world.say(approver, id, { act: 'approve', argumentsHash })).to.equal('approved')
    await owner().execute('update users set disabled_at = now() where id = $1', [leaving.userId])
    expect(await world.run(executionId)).to.equal('approval_void')
    expect(ran).not.to.include(executionId)
  })

  for (const [what, change, code] of [
    ['is switched off', 'update tools set enabled = false where id = $1', 'tool.disabled'],
    ['is deleted', 'update tools set deleted_at = now(), enabled = false where id = $1', 'tool.disabled'],
  ] as const) {
    it(`[L2] ends when the tool ${what}`, async () => {
      const { executionId, tool } = await approved()
      await owner().execute(change, [tool.id])
      expect(await world.run(executionId)).to.equal('failed')
      const [row] = await owner().query<{ code: string }>(
        `select problem->>'code' as code from tool_executions where id = $1`,
        [executionId],
      )
      expect(row?.code).to.equal(code)
      expect(ran).not.to.include(executionId)
    })
  }

  it('[L2] ends when whoever asked may not run tools any more', async () => {
    const gone = await world.person('user')
    const tool = await world.tool({ name: 'tool_of_gone' })
    const executionId = await world.call(tool, gone)
    await world.plan(executionId)
    const { approval } = await world.approval(executionId)
    await world.say(approver, approval.id, { act: 'approve', argumentsHash: approval.argumentsHash })
    await owner().execute('update users set disabled_at = now() where id = $1', [gone.userId])
    expect(await world.run(executionId)).to.equal('failed')
    expect(ran).not.to.include(executionId)
  })

  for (const [what, change] of [
    ['was cancelled', `update turns set status = 'cancelled', ended_at = now() where id = $1`],
    ['is gone with its chat', 'delete from chats where id = (select chat_id from turns where id = $1)'],
  ] as const) {
    it(`[L2] ends when the turn that called it ${what}`, async () => {
      const { executionId } = await approved()
      const other = await approved()
      const [chatId, turnId] = [newId(), newId()]
      const access = { userId: requester.userId, chatId, turnId }
      await createChat(owner(), access, {})
      await createTurn(owner(), { ...access, content: 'x', defaultModel: 'offline/extractive', attachmentIds: [] })
      const called = `update tool_executions set turn_id = $1, call_id = id::text, step = 1 where id = any($2::uuid[])`
      await owner().execute(called, [turnId, [executionId, other.executionId]])
      expect(await world.run(executionId)).to.equal('succeeded')
      await owner().execute(change, [turnId])
      expect(await world.run(other.executionId)).to.equal('failed')
      expect(ran).to.include(executionId).and.not.include(other.executionId)
    })
  }

  it('[L2] ends when whoever stored the tool may refer to secrets no more', async () => {
    const author = await world.person('operator')
    const { executionId } = await approved({ ownerId: author.userId, secretRefs: ['a/secret'] })
    const { executionId: later } = await approved({ ownerId: author.userId, secretRefs: ['a/secret'] })
    expect(await world.run(executionId)).to.equal('succeeded')
    await owner().execute('delete from user_roles where user_id = $1', [author.userId])
    expect(await world.run(later)).to.equal('failed')
    expect(ran).not.to.include(later)
  })

  it('says that the outcome is unknown when it is, and names the failure when it isn’t', async () => {
    const codeOf = async (error: Error): Promise<string | undefined> => {
      const { executionId } = await approved()
      behave = async () => {
        throw error
      }
      await world.run(executionId)
      const [row] = await owner().query<{ code: string }>(
        `select problem->>'code' as code from tool_executions where id = $1`,
        [executionId],
      )
      return row?.code
    }
    expect(await codeOf(new AppError('tool.failed'))).to.equal('tool.failed')
    expect(await codeOf(new AppError('egress.timeout'))).to.equal('tool.outcome_unknown')
    expect(await codeOf(new Error('who knows'))).to.equal('tool.outcome_unknown')
  })

  it('tries a tool without side effects three times, and keeps what it gave', async () => {
    const given = { sideEffects: false, cacheTtlSeconds: 60 }
    const { executionId, tool } = await approved(given)
    behave = () => Promise.reject(new AppError('egress.failed'))
    for (const attempt of [1, 2]) {
      expect(await appErrorOf(world.run(executionId, { attempt }))).to.include({ code: 'egress.failed' })
    }
    behave = async () => ({ at: 'last' })
    expect(await world.run(executionId, { attempt: 3 })).to.equal('succeeded')
    const again = await world.call(tool, requester)
    await world.plan(again)
    const { approval } = await world.approval(again)
    await world.say(approver, approval.id, { act: 'approve', argumentsHash: approval.argumentsHash })
    expect(await world.run(again)).to.equal('succeeded')
    expect(ran).not.to.include(again)
    const another = await world.call(tool, await world.person('user'))
    await world.plan(another)
    const theirs = (await world.approval(another)).approval
    await world.say(approver, theirs.id, { act: 'approve', argumentsHash: theirs.argumentsHash })
    expect(await world.run(another)).to.equal('succeeded')
    expect(ran, 'what is kept is kept for one account').to.include(another)
  })
})
