// A chat whose model calls tools: what needs nobody runs at once, what needs somebody waits in the turn, and the turn goes
// on with whatever came of it.
import { randomBytes } from 'node:crypto'
import { expect } from 'chai'
import { eventually } from '../support/eventually.ts'
import { type TurnView, followTurnPersistently } from '../support/follow.ts'
import { openEvents } from '../support/server-sent-events.ts'
import { type Person, type ToolsWorld, startToolsWorld } from '../support/tools-world.ts'

describe('tools in a turn', function () {
  this.timeout(180_000)
  const canary = `canary-${randomBytes(12).toString('hex')}`
  let world: ToolsWorld
  let approver: Person
  let chatId: string
  before(async () => {
    world = await startToolsWorld()
    approver = await world.person('approver')
    const secret = { path: 'echo/token', value: canary, destinations: [world.echo.url] }
    expect((await world.admin.post('/vault/secrets', secret)).status).to.equal(201)
    const toolIds = await Promise.all(
      ['calculate', 'current_time', 'http_request'].map(async (name) => (await world.toolNamed(name))['id'] as string),
    )
    const { body } = await world.requester.post('/chats', { toolIds, model: 'offline/extractive' })
    chatId = body['chat'].id
  })
  after(() => world?.stop())

  async function say(content: string): Promise<{ turnId: string; view: Promise<TurnView> }> {
    const { status, body } = await world.requester.post(`/chats/${chatId}/turns`, { content })
    expect(status, JSON.stringify(body)).to.equal(202)
    return {
      turnId: body['turn'].id,
      view: followTurnPersistently(world.requester, body['eventsUrl'], { deadlineMs: 60_000 }),
    }
  }
  const request = (path: string, given: object = {}): string =>
    `/http_request ${JSON.stringify({ method: 'POST', url: `${world.echo.url}${path}`, body: 'hello', ...given })}`
  const dataOf = (view: TurnView, name: string) => view.events.find(({ event }) => event === name)?.data
  const pending = async (turnId: string) => {
    const [execution] = await eventually('the run waits', async () => {
      const { data } = (await world.requester.get('/tool-executions?limit=100')).body
      const found = data.filter(
        (one: { turnId: string; status: string }) => one.turnId === turnId && one.status === 'pending_approval',
      )
      return found.length > 0 && found
    })
    return world.approvalOf(approver, execution.id)
  }
  const turn = async (turnId: string) => (await world.requester.get(`/chats/${chatId}/turns/${turnId}`)).body['turn']

  it('runs a tool that needs nobody, and answers with its result', async () => {
    const view = await (await say('/calculate {"expression": "6 * 7"}')).view
    expect(view.ending?.event).to.equal('turn.completed')
    expect(view.text).to.include('42')
    expect(dataOf(view, 'tool.called')).to.deep.include({ tool: 'calculate', arguments: { expression: '6 * 7' } })
    expect(dataOf(view, 'tool.completed')).to.deep.include({ status: 'succeeded', result: { result: '42' } })
    const { data } = (await world.requester.get(`/chats/${chatId}/messages`)).body
    expect(data.map(({ role }: { role: string }) => role)).to.deep.equal(['assistant', 'tool', 'assistant', 'user'])
  })

  it('[V25] waits for an approver, who is told over SSE, and goes on with a secret that nobody sees', async () => {
    const stream = await openEvents(`${approver.apiUrl}/api/v1/notifications/stream`, {
      headers: { authorization: `Bearer ${approver.token}` },
    })
    const told = (async () => {
      for await (const { event, data } of stream.events) {
        if (event === 'notification.created' && data.includes('approval.requested')) return data
      }
      return ''
    })()
    const { turnId, view } = await say(request('/with-secret', { credential: 'echo/token' }))
    const approval = await pending(turnId)
    expect((await turn(turnId)).status).to.equal('waiting_approval')
    expect(JSON.parse(await told)).to.have.nested.property('data.approvalId', approval['id'])
    stream.close()
    expect(approval['preview']).to.deep.include({
      method: 'POST',
      url: `${world.echo.url}/with-secret`,
      secretPaths: ['echo/token'],
    })
    await approver.post(`/approvals/${approval['id']}/decide`, { decision: 'approve' })
    const seen = await view
    expect(seen.ending?.event, JSON.stringify(seen.ending?.data)).to.equal('turn.completed')
    const names = seen.events.map(({ event }) => event).filter((event) => /^(tool|approval)/.test(event))
    expect(names).to.deep.equal(['tool.called', 'approval.requested', 'approval.decided', 'tool.completed'])
    const received = world.echo.requests.filter(({ path }) => path === '/with-secret')
    expect(received).to.have.length(1)
    expect(received[0]?.headers['authorization']).to.equal(`Bearer ${canary}`)
    expect(JSON.stringify(seen.events)).not.to.include(canary)
    const { data } = (await world.requester.get(`/chats/${chatId}/messages`)).body
    expect(JSON.stringify(data)).not.to.include(canary)
  })

  it('goes on with the denial, and runs nothing', async () => {
    const { turnId, view } = await say(request('/denied'))
    const approval = await pending(turnId)
    await approver.post(`/approvals/${approval['id']}/decide`, { decision: 'deny', reason: 'Too risky.' })
    const seen = await view
    expect(seen.ending?.event).to.equal('turn.completed')
    expect(seen.text).to.include('tool.denied').and.include('Too risky.')
    expect(world.echo.requests.some(({ path }) => path === '/denied')).to.equal(false)
  })

  it('tells the model when an approver changed the arguments', async () => {
    const policy = { match: ['http_request'], approverRoles: ['approver'], allowEdit: true }
    const { body: made } = await world.admin.post('/approval-policies', policy)
    const { turnId, view } = await say(request('/as-asked'))
    const approval = await pending(turnId)
    const args = { method: 'POST', url: `${world.echo.url}/as-edited`, body: 'edited' }
    const edited = { decision: 'approve', arguments: args, argumentsHash: approval['argumentsHash'] }
    const decided = await approver.post(`/approvals/${approval['id']}/decide`, edited)
    expect(decided.body['approval'], JSON.stringify(decided.body)).to.include({ status: 'approved' })
    const seen = await view
    expect(seen.text).to.include('/as-edited').and.include('changed the arguments')
    const paths = world.echo.requests.map(({ path }) => path)
    expect(paths).to.include('/as-edited').and.not.include('/as-asked')
    await world.admin.request('DELETE', `/approval-policies/${made['policy'].id}`)
  })

  it('can be cancelled while it waits', async () => {
    const { turnId, view } = await say(request('/cancelled'))
    const approval = await pending(turnId)
    expect((await world.requester.post(`/chats/${chatId}/turns/${turnId}/cancel`)).status).to.equal(202)
    expect((await view).ending?.event).to.equal('turn.cancelled')
    await eventually('the approval is cancelled', async () => {
      const { body } = await approver.get(`/approvals/${approval['id']}`)
      return body['approval'].status === 'cancelled'
    })
    expect(world.echo.requests.some(({ path }) => path === '/cancelled')).to.equal(false)
    const after = await (await say('/calculate {"expression": "1 + 1"}')).view
    expect(after.text).to.include('2')
  })

  it('goes on when the run alone is cancelled', async () => {
    const { turnId, view } = await say(request('/run-cancelled'))
    const approval = await pending(turnId)
    await world.requester.post(`/tool-executions/${approval['executionId']}/cancel`)
    const seen = await view
    expect(seen.ending?.event).to.equal('turn.completed')
    expect(dataOf(seen, 'tool.completed')).to.deep.include({ status: 'cancelled' })
  })

  it('tells the model which arguments to mend', async () => {
    const seen = await (await say('/calculate {"expresion": "1"}')).view
    expect(seen.ending?.event).to.equal('turn.completed')
    expect(dataOf(seen, 'tool.completed')).to.have.nested.property('problem.code', 'tool.arguments_invalid')
    expect(seen.text).to.include('expression').and.include('is required')
  })
})
