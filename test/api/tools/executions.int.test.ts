// Runs over HTTP: asked for, listed, followed and cancelled by whoever asked, and by nobody else.
import { randomUUID } from 'node:crypto'
import { expect } from 'chai'
import { listAuditEvents } from '../../../db/audit/events.ts'
import { newId } from '../../../db/ids.ts'
import type { ApiAnswer, ApiClient } from '../../support/api-client.ts'
import { followToEnd } from '../../support/follow.ts'
import { openEvents } from '../../support/server-sent-events.ts'
import { type ToolsServer, eventsAbout, newTool, startToolsServer } from '../../support/tools-server.ts'

type Answer = ApiAnswer<Record<string, any>> // eslint-disable-line typescript/no-explicit-any -- a test reads what it expects
type Account = ApiClient & { readonly userId: string }

const codeOf = ({ status, body }: Answer) => [status, body['code']]

describe('routes of runs', () => {
  let server: ToolsServer
  let operator: Account
  let user: Account
  let other: Account
  let toolId: string
  before(async function () {
    this.timeout(60_000)
    server = await startToolsServer()
    operator = await server.clientWith('operator')
    user = await server.clientWith('user')
    other = await server.clientWith('user')
    toolId = (await operator.post('/tools', newTool())).body['tool'].id
  })
  after(() => server?.stop())

  const args = { city: 'Kiel' }
  const execute = async (by = user, body: unknown = { arguments: args }) => {
    const answer = await by.post(`/tools/${toolId}/execute`, body)
    expect(answer.status, JSON.stringify(answer.body)).to.equal(202)
    return answer.body['execution'] as Record<string, unknown> & { id: string }
  }

  it('are a row, an event and a workflow each', async () => {
    const execution = await execute()
    expect(execution).to.deep.include({
      toolId,
      toolVersion: 1,
      requesterId: user.userId,
      status: 'queued',
      arguments: args,
      result: null,
      problem: null,
      cached: false,
      approvalId: null,
      turnId: null,
      startedAt: null,
      endedAt: null,
    })
    expect(server.asked).to.include(`start tool-call/${execution.id}`)
    const events = await eventsAbout(server, execution.id)
    expect(events.map(({ action }) => action)).to.deep.equal(['tool.execute'])
    expect(events[0]?.leaf).not.to.contain('Kiel')
    expect((await user.get(`/tool-executions/${execution.id}`)).body['execution']).to.deep.equal(execution)
  })

  it('are one run for a repeated request', async () => {
    const key = { 'idempotency-key': randomUUID() }
    const url = `/tools/${toolId}/execute`
    const first = await user.post(url, { arguments: args }, key)
    const again = await user.post(url, { arguments: args }, key)
    expect([again.status, again.body]).to.deep.equal([202, first.body])
    expect((await user.post(url, { arguments: { city: 'Bonn' } }, key)).status).to.equal(422)
    expect(await eventsAbout(server, first.body['execution'].id)).to.have.length(1)
  })

  it('aren’t begun with arguments that don’t fit, or for a tool that is switched off', async () => {
    for (const [wrong, path] of [
      [{}, 'city'],
      [{ city: 1 }, 'city'],
      [{ city: 'Kiel', town: 'x' }, 'town'],
    ] as const) {
      const answer = await user.post(`/tools/${toolId}/execute`, { arguments: wrong })
      expect(codeOf(answer), JSON.stringify(wrong)).to.deep.equal([422, 'tool.arguments_invalid'])
      expect(answer.body['errors'][0].path).to.equal(path)
    }
    expect((await user.post(`/tools/${toolId}/execute`, { arguments: args, status: 'approved' })).status).to.equal(422)
    expect((await user.post(`/tools/${randomUUID()}/execute`, { arguments: args })).status).to.equal(404)
    const { tool } = (await operator.post('/tools', newTool({ enabled: false }))).body
    expect(codeOf(await user.post(`/tools/${tool.id}/execute`, { arguments: args }))).to.deep.equal([
      409,
      'tool.disabled',
    ])
    const auditor = await server.clientWith('auditor')
    expect((await auditor.post(`/tools/${toolId}/execute`, { arguments: args })).status).to.equal(403)
  })

  it('are bound to the tool’s version as it is when they are asked for', async () => {
    const { tool } = (await operator.post('/tools', newTool())).body
    await operator.request('PATCH', `/tools/${tool.id}`, { body: { description: 'B' } })
    const { execution } = (await user.post(`/tools/${tool.id}/execute`, { arguments: args })).body
    expect(execution.toolVersion).to.equal(2)
  })

  it('belong to whoever asked', async () => {
    const { id } = await execute()
    for (const path of [`/tool-executions/${id}`, `/tool-executions/${id}/events`])
      expect((await other.get(path)).status, path).to.equal(404)
    expect((await operator.get(`/tool-executions/${id}`)).status).to.equal(404)
    expect((await other.post(`/tool-executions/${id}/cancel`)).status).to.equal(404)
    const listed = (await other.get('/tool-executions?limit=100')).body['data'] as { requesterId: string }[]
    expect(listed.filter(({ requesterId }) => requesterId !== other.userId)).to.deep.equal([])
  })

  it('are listed newest first, by status, tool and whether a kept result answered', async () => {
    const own = await server.clientWith('user')
    const { tool } = (await operator.post('/tools', newTool())).body
    const first = await execute(own)
    const second = (await own.post(`/tools/${tool.id}/execute`, { arguments: args })).body['execution'] as {
      id: string
    }
    const third = await execute(own)
    await server.move(first.id, { from: ['queued'], to: 'succeeded', result: { a: 1 }, cached: true })
    const idsOf = async (query = '') =>
      (await own.get(`/tool-executions${query}`)).body['data'].map(({ id }: { id: string }) => id)
    expect(await idsOf()).to.deep.equal([third.id, second.id, first.id])
    expect(await idsOf('?status=succeeded')).to.deep.equal([first.id])
    expect(await idsOf(`?toolId=${tool.id}`)).to.deep.equal([second.id])
    expect(await idsOf('?cached=true')).to.deep.equal([first.id])
    expect(await idsOf(`?cached=false&toolId=${toolId}&status=queued`)).to.deep.equal([third.id])
    const page = (await own.get('/tool-executions?limit=2')).body
    expect([page['hasMore'], await idsOf(`?after=${page['nextCursor']}`)]).to.deep.equal([true, [first.id]])
    for (const query of ['status=none', 'cached=1', 'toolId=x', 'requesterId=x'])
      expect((await own.get(`/tool-executions?${query}`)).status, query).to.equal(400)
  })

  it('are followed from where they are to their end, also back and forth, and no further', async () => {
    const { id } = await execute()
    const url = `/api/v1/tool-executions/${id}/events`
    const seen = followToEnd(user, url)
    const stream = await openEvents(`${server.url}${url}`, { headers: { authorization: `Bearer ${user.token}` } })
    const reader = stream.events[Symbol.asyncIterator]()
    const next = async () => {
      const { value } = await reader.next()
      return JSON.parse(value?.data ?? '{}').execution?.status as string
    }
    expect(await next()).to.equal('queued')
    const steps = ['pending_approval', 'approved', 'pending_approval', 'approved', 'running', 'succeeded'] as const
    let from: 'queued' | (typeof steps)[number] = 'queued'
    for (const to of steps) {
      await server.move(id, { from: [from], to, ...(to === 'succeeded' && { result: { degrees: 7 } }) })
      expect(await next()).to.equal(to)
      from = to
    }
    expect((await reader.next()).done).to.equal(true)
    const events = await seen
    const sequences = events.map((event) => Number(event.id.split('-')[1]))
    expect(sequences).to.deep.equal([...new Set(sequences)].toSorted((a, b) => a - b))
    expect(new Set(events.map(({ event }) => event))).to.deep.equal(new Set(['execution.updated']))
    const last = events.at(-1)
    expect(last?.data['execution']).to.deep.include({ status: 'succeeded', result: { degrees: 7 } })
    const headers = { 'last-event-id': last?.id ?? '' }
    expect((await user.request('GET', `/tool-executions/${id}/events`, { headers })).status).to.equal(204)
    const again = await followToEnd(user, url, events[0]?.id)
    expect(again.map(({ data }) => data['execution'].status)).to.deep.equal(['succeeded'])
  })

  it('are cancelled through their workflow', async () => {
    const { id } = await execute()
    server.running.add(`tool-call/${id}`)
    const answer = await user.post(`/tool-executions/${id}/cancel`)
    expect([answer.status, answer.body['execution'].status]).to.deep.equal([202, 'queued'])
    expect(server.asked).to.include(`cancel tool-call/${id}`)
    expect((await eventsAbout(server, id)).map(({ action }) => action)).to.deep.equal(['tool.execute', 'tool.cancel'])
  })

  it('are cancelled as rows where no workflow drives them, once', async () => {
    const { id } = await execute()
    const followed = followToEnd(user, `/api/v1/tool-executions/${id}/events`)
    const answer = await user.post(`/tool-executions/${id}/cancel`)
    expect([answer.status, answer.body['execution'].status]).to.deep.equal([202, 'cancelled'])
    expect(answer.body['execution'].problem).to.equal(null)
    expect((await followed).at(-1)?.data['execution'].status).to.equal('cancelled')
    expect(codeOf(await user.post(`/tool-executions/${id}/cancel`))).to.deep.equal([409, 'tool_execution.ended'])
    expect(await eventsAbout(server, id)).to.have.length(2)
  })

  it('say that their outcome isn’t known where they were lost while they ran', async () => {
    const { id } = await execute()
    await server.move(id, { from: ['queued'], to: 'running' })
    const { execution } = (await user.post(`/tool-executions/${id}/cancel`)).body
    expect(execution.status).to.equal('cancelled')
    expect(execution.problem.code).to.equal('tool.outcome_unknown')
  })

  it('take the approval with them that they wait for', async () => {
    const { id } = await execute()
    const approvalId = newId()
    const { db } = server.database
    await db.execute(
      `insert into approvals (id, execution_id, requester_id, tool_name, policy_version, approver_roles, quorum, escalation,
         allow_edit, arguments, arguments_hash, preview, expires_at)
       values ($1, $2, $3, 'x', 0, '{approver}', 1, '[]', false, '{}', '', '{}', now() + interval '1 day')`,
      [approvalId, id, user.userId],
    )
    await server.move(id, { from: ['queued'], to: 'pending_approval', approvalId })
    expect((await user.post(`/tool-executions/${id}/cancel`)).body['execution'].status).to.equal('cancelled')
    const [row] = await db.query<{ status: string }>('select status from approvals where id = $1', [approvalId])
    expect(row?.status).to.equal('cancelled')
    const { data } = await listAuditEvents(db, { resourceId: approvalId }, { limit: 5 })
    expect(data.map(({ leaf }) => leaf.action)).to.deep.equal(['approval.cancel'])
  })
})
