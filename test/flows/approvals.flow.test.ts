// A tool call that waits for people: who may decide, what then runs, and what never does.
import { expect } from 'chai'
import { eventually } from '../support/eventually.ts'
import { openEvents } from '../support/server-sent-events.ts'
import { type Person, type ToolsWorld, startToolsWorld } from '../support/tools-world.ts'

interface Answered {
  readonly status: number
  readonly body: { readonly code?: string }
}
const refused = ({ status, body }: Answered, expected: number, code: string): void => {
  expect({ status, code: body.code }).to.deep.equal({ status: expected, code })
}

describe('approvals', function () {
  this.timeout(180_000)
  let world: ToolsWorld
  let approver: Person
  let second: Person
  before(async () => {
    world = await startToolsWorld()
    approver = await world.person('approver')
    second = await world.person('approver')
  })
  after(() => world?.stop())

  const textsSent = (): string[] => world.echo.requests.map(({ body }) => (JSON.parse(body) as { text: string }).text)

  async function ask(given: Record<string, unknown> = {}, text = `t${Math.random()}`) {
    const tool = await world.makeTool(given)
    const { id } = await world.execute(world.requester, tool['id'] as string, { text })
    const approval = await world.approvalOf(approver, id as string)
    return { tool, id: id as string, approval, url: `/approvals/${approval['id']}`, text }
  }

  it('runs a built-in tool at once, and answers an equal call from what is kept', async () => {
    const { id } = await world.toolNamed('calculate')
    const first = await world.execute(world.requester, id, { expression: '6 * 7' })
    const ended = await world.execution(world.requester, first['id'], 'succeeded', 'failed')
    expect(ended).to.deep.include({ status: 'succeeded', result: { result: '42' }, cached: false })
    const again = await world.execute(world.requester, id, { expression: '6 * 7' })
    expect(await world.execution(world.requester, again['id'], 'succeeded')).to.deep.include({
      result: { result: '42' },
      cached: true,
    })
  })

  it('waits, shows what would run, and runs once it is approved', async () => {
    const { id, approval, url, text } = await ask()
    expect(approval).to.deep.include({
      status: 'pending',
      arguments: { text },
      quorum: 1,
      requesterId: world.requester.userId,
    })
    expect(approval['preview']).to.deep.equal({
      method: 'POST',
      url: `${world.echo.url}/posts`,
      secretPaths: [],
      body: JSON.stringify({ text }),
    })
    expect(textsSent()).not.to.include(text)
    const { data } = (await approver.get('/notifications')).body
    expect(data[0]).to.deep.include({ kind: 'approval.requested' })
    expect(data[0].data.approvalId).to.equal(approval['id'])
    const decided = await approver.post(`${url}/decide`, { decision: 'approve', reason: 'Fine.' })
    expect(decided.status, JSON.stringify(decided.body)).to.equal(200)
    expect(decided.body['approval']).to.deep.include({ status: 'approved' })
    expect(decided.body['approval'].decisions[0]).to.include({
      userId: approver.userId,
      decision: 'approve',
      reason: 'Fine.',
    })
    const ended = await world.execution(world.requester, id, 'succeeded', 'failed')
    expect(ended, JSON.stringify(ended['problem'])).to.include({ status: 'succeeded' })
    expect(textsSent().filter((sent) => sent === text)).to.have.length(1)
    expect(world.echo.requests.at(-1)?.headers['idempotency-key']).to.equal(id)
    refused(await second.post(`${url}/decide`, { decision: 'deny' }), 409, 'approval.already_decided')
  })

  it('takes decisions that come as soon as their requests are told', async () => {
    const tool = await world.makeTool()
    const decideAtOnce = async (index: number): Promise<unknown> => {
      const { id } = await world.execute(world.requester, tool['id'], { text: `at once ${index}` })
      const stream = await openEvents(`${approver.apiUrl}/api/v1/tool-executions/${id}/events`, {
        headers: { authorization: `Bearer ${world.requester.token}` },
      })
      for await (const { data } of stream.events) {
        const { approvalId } = JSON.parse(data).execution as { approvalId: string | null }
        if (approvalId === null) continue
        stream.close()
        const { status, body } = await approver.post(`/approvals/${approvalId}/decide`, { decision: 'deny' })
        return status === 200 ? body['approval'].status : body
      }
      return undefined
    }
    const outcomes = await Promise.all(Array.from({ length: 16 }, (_, index) => decideAtOnce(index)))
    expect(outcomes).to.deep.equal(outcomes.map(() => 'denied'))
  })

  it('runs nothing once it is denied, and says why', async () => {
    const { id, url, text } = await ask()
    await approver.post(`${url}/decide`, { decision: 'deny', reason: 'Not today.' })
    const ended = await world.execution(world.requester, id, 'denied')
    expect(ended['problem']).to.include({ code: 'tool.denied', detail: 'The reason given: Not today.' })
    expect(textsSent()).not.to.include(text)
    const kinds = async () =>
      ((await world.requester.get('/notifications')).body['data'] as { kind: string }[]).map(({ kind }) => kind)
    expect(await kinds()).to.include('approval.decided')
  })

  it('[L2] refuses the requester, whoever has no role, a second vote, and a stale hash', async () => {
    const both = await world.person('approver')
    const tool = await world.makeTool()
    const { id } = await world.execute(both, tool['id'], { text: 'own' })
    const own = await world.approvalOf(both, id)
    refused(await both.post(`/approvals/${own['id']}/decide`, { decision: 'approve' }), 403, 'approval.own_request')
    refused(
      await world.requester.post(`/approvals/${own['id']}/decide`, { decision: 'approve' }),
      403,
      'auth.forbidden',
    )
    const stale = { decision: 'approve', argumentsHash: '0'.repeat(64) }
    refused(await approver.post(`/approvals/${own['id']}/decide`, stale), 409, 'approval.arguments_changed')
    expect(textsSent()).not.to.include('own')
  })

  it('ends with the time, and tells of it', async () => {
    const policy = await world.admin.post('/approval-policies', {
      match: ['fleeting_*'],
      approverRoles: ['approver'],
      timeoutSeconds: 3,
      escalation: [{ afterSeconds: 1, roles: ['auditor'] }],
    })
    expect(policy.status, JSON.stringify(policy.body)).to.equal(201)
    const { id, approval } = await ask({ name: 'fleeting_post' })
    const ended = await world.execution(world.requester, id, 'expired')
    expect(ended['problem']).to.include({ code: 'tool.expired' })
    const seen = (await approver.get(`/approvals/${approval['id']}`)).body['approval']
    expect(seen).to.include({ status: 'expired', tier: 1 })
    expect(seen.approverRoles).to.deep.equal(['approver', 'auditor'])
    const kinds = async (person: Person): Promise<string[]> =>
      ((await person.get('/notifications')).body['data'] as { kind: string }[]).map(({ kind }) => kind)
    expect(await kinds(approver)).to.include.members(['approval.escalated', 'approval.expiring'])
    expect(await kinds(world.requester)).to.include('approval.expired')
  })

  it('counts a quorum, voids votes by an edit, and runs the edited arguments', async () => {
    await world.admin.post('/approval-policies', {
      match: ['shared_*'],
      approverRoles: ['approver'],
      quorum: 2,
      allowEdit: true,
    })
    const { id, approval, url } = await ask({ name: 'shared_post' }, 'as asked')
    const first = await approver.post(`${url}/decide`, { decision: 'approve' })
    expect(first.body['approval']).to.include({ status: 'pending' })
    refused(await approver.post(`${url}/decide`, { decision: 'approve' }), 409, 'approval.already_decided')
    const edited = { decision: 'approve', arguments: { text: 'as edited' }, argumentsHash: approval['argumentsHash'] }
    const second_ = await second.post(`${url}/decide`, edited)
    expect(second_.body['approval'], JSON.stringify(second_.body)).to.deep.include({
      status: 'pending',
      revision: 2,
      arguments: { text: 'as edited' },
    })
    expect((await approver.post(`${url}/decide`, { decision: 'approve' })).body['approval']).to.include({
      status: 'approved',
    })
    const ended = await world.execution(world.requester, id, 'succeeded', 'failed')
    expect(ended['arguments']).to.deep.equal({ text: 'as edited' })
    expect(textsSent()).to.include('as edited').and.not.include('as asked')
    const wrong = await ask({ name: 'shared_other' })
    const bad = { decision: 'approve', arguments: { other: 1 }, argumentsHash: wrong.approval['argumentsHash'] }
    refused(await approver.post(`${wrong.url}/decide`, bad), 422, 'tool.arguments_invalid')
  })

  it('lets a delegate stand in', async () => {
    const auditor = await world.person('user')
    const { url, id } = await ask()
    refused(await approver.post(`${url}/delegate`, { userId: auditor.userId }), 422, 'request.invalid')
    refused(await approver.post(`${url}/delegate`, { userId: world.requester.userId }), 422, 'request.invalid')
    expect((await approver.post(`${url}/delegate`, { userId: second.userId })).status).to.equal(200)
    refused(await approver.post(`${url}/decide`, { decision: 'approve' }), 403, 'approval.not_eligible')
    expect((await second.post(`${url}/decide`, { decision: 'approve' })).body['approval'].status).to.equal('approved')
    await world.execution(world.requester, id, 'succeeded')
  })

  it('[L2] runs nothing of a tool that has changed since it was called', async () => {
    const { tool, url, id } = await ask()
    await world.admin.request('PATCH', `/tools/${tool['id']}`, { body: { description: 'Another one.' } })
    await approver.post(`${url}/decide`, { decision: 'approve' })
    const ended = await world.execution(world.requester, id, 'failed')
    expect(ended['problem']).to.include({ code: 'tool.changed' })
  })

  it('can be cancelled while it waits', async () => {
    const { id, approval, text } = await ask()
    expect((await world.requester.post(`/tool-executions/${id}/cancel`)).status).to.equal(202)
    await world.execution(world.requester, id, 'cancelled')
    await eventually('the approval is cancelled', async () => {
      const { body } = await approver.get(`/approvals/${approval['id']}`)
      return body['approval'].status === 'cancelled'
    })
    expect(textsSent()).not.to.include(text)
  })
})
