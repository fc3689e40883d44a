// Approval policies over HTTP: who may see and change the rules, which rules fit together, and what keeps a policy.
import { randomUUID } from 'node:crypto'
import { expect } from 'chai'
import type { ApiAnswer, ApiClient } from '../../support/api-client.ts'
import { type ToolsServer, eventsAbout, newTool, startToolsServer } from '../../support/tools-server.ts'

type Answer = ApiAnswer<Record<string, any>> // eslint-disable-line typescript/no-explicit-any -- a test reads what it expects

const pathsOf = ({ status, body }: Answer) => [
  status,
  ...(body['errors'] ?? []).map(({ path }: { path: string }) => path),
]
const usual = { match: ['pay_*'], approverRoles: ['approver'] }

describe('routes of approval policies', () => {
  let server: ToolsServer
  let admin: ApiClient
  let operator: ApiClient
  let approver: ApiClient
  before(async function () {
    this.timeout(60_000)
    server = await startToolsServer()
    admin = await server.clientWith('admin')
    operator = await server.clientWith('operator')
    approver = await server.clientWith('approver')
  })
  after(() => server?.stop())

  const create = async (given: Record<string, unknown> = {}) => {
    const answer = await admin.post('/approval-policies', { ...usual, ...given })
    expect(answer.status, JSON.stringify(answer.body)).to.equal(201)
    return answer.body['policy'] as Record<string, unknown> & { id: string }
  }
  const patch = (id: string, body: unknown, headers = {}) =>
    admin.request('PATCH', `/approval-policies/${id}`, { body, headers })

  it('are the administrators’ to change, and the approvers’ to see', async () => {
    const policy = await create()
    expect(policy).to.deep.include({
      ...usual,
      quorum: 1,
      timeoutSeconds: 86_400,
      escalation: [],
      allowEdit: false,
      exempt: false,
      version: 1,
    })
    const read = await approver.get(`/approval-policies/${policy.id}`)
    expect([read.status, read.headers.get('etag')]).to.deep.equal([200, '"1"'])
    expect(read.body['policy']).to.deep.equal(policy)
    expect((await approver.get('/approval-policies?limit=1')).body['data']).to.deep.equal([policy])
    expect((await operator.get('/approval-policies')).status).to.equal(403)
    for (const client of [operator, approver]) {
      expect((await client.post('/approval-policies', usual)).status).to.equal(403)
      const changed = await client.request('PATCH', `/approval-policies/${policy.id}`, { body: { exempt: true } })
      expect(changed.status).to.equal(403)
      expect((await client.request('DELETE', `/approval-policies/${policy.id}`)).status).to.equal(403)
    }
    expect((await admin.get(`/approval-policies/${randomUUID()}`)).status).to.equal(404)
  })

  it('name roles that there are', async () => {
    const refused = await admin.post('/approval-policies', {
      ...usual,
      approverRoles: ['approver', 'nobody'],
      escalation: [{ afterSeconds: 60, roles: ['admin', 'none'] }],
    })
    expect(pathsOf(refused)).to.deep.equal([422, 'approverRoles.1', 'escalation.0.roles.1'])
    const { id } = await create()
    expect(pathsOf(await patch(id, { approverRoles: ['nobody'] }))).to.deep.equal([422, 'approverRoles.0'])
  })

  it('escalate before they end, also where only one of the two is changed', async () => {
    const tier = (afterSeconds: number) => ({ afterSeconds, roles: ['admin'] })
    expect(pathsOf(await admin.post('/approval-policies', { ...usual, timeoutSeconds: 60, escalation: [tier(60)] }))) //
      .to.deep.equal([422, 'escalation'])
    expect(pathsOf(await admin.post('/approval-policies', { ...usual, escalation: [tier(60), tier(60)] }))) //
      .to.deep.equal([422, 'escalation'])
    const { id } = await create({ timeoutSeconds: 600, escalation: [tier(300)] })
    expect(pathsOf(await patch(id, { timeoutSeconds: 300 }))).to.deep.equal([422, 'escalation'])
    expect(pathsOf(await patch(id, { escalation: [tier(600)] }))).to.deep.equal([422, 'escalation'])
    expect((await patch(id, { timeoutSeconds: 700, escalation: [tier(600)] })).status).to.equal(200)
    expect((await patch(id, { escalation: [], timeoutSeconds: 1 })).body['policy'].escalation).to.deep.equal([])
  })

  it('get a new version with each change, and keep what is left out', async () => {
    const policy = await create({ quorum: 2 })
    const changed = await patch(policy.id, { allowEdit: true }, { 'if-match': '"1"' })
    expect([changed.status, changed.headers.get('etag')]).to.deep.equal([200, '"2"'])
    const { updatedAt } = changed.body['policy']
    expect(changed.body['policy']).to.deep.equal({ ...policy, allowEdit: true, version: 2, updatedAt })
    expect((await patch(policy.id, { quorum: 1 }, { 'if-match': '"1"' })).status).to.equal(412)
    const url = `/approval-policies/${policy.id}`
    expect((await admin.request('DELETE', url, { headers: { 'if-match': '"1"' } })).status).to.equal(412)
    for (const extra of [
      { version: 9 },
      { id: randomUUID() },
      { createdBy: randomUUID() },
      { quorum: 0 },
      { match: [] },
    ])
      expect((await patch(policy.id, extra)).status, JSON.stringify(extra)).to.equal(422)
    expect((await admin.request('DELETE', url, { headers: { 'if-match': '"2"' } })).status).to.equal(204)
    expect((await admin.get(url)).status).to.equal(404)
    expect((await admin.request('DELETE', url)).status).to.equal(404)
    const events = await eventsAbout(server, policy.id)
    const actions = events.map(({ action }) => action)
    expect(actions).to.deep.equal(['approval_policy.create', 'approval_policy.update', 'approval_policy.delete'])
    expect(events[1]?.leaf).to.contain('"fields":"allowEdit"')
  })

  it('stay while a tool names them', async () => {
    const { id: policyId } = await create()
    const { tool } = (await admin.post('/tools', newTool({ policyId }))).body
    const refused = await admin.request('DELETE', `/approval-policies/${policyId}`)
    expect([refused.status, refused.body['code']]).to.deep.equal([409, 'approval_policy.in_use'])
    expect(refused.body['detail']).to.contain(tool.name)
    await admin.request('DELETE', `/tools/${tool.id}`)
    expect((await admin.request('DELETE', `/approval-policies/${policyId}`)).status).to.equal(204)
  })

  it('are one policy for a repeated request', async () => {
    const key = { 'idempotency-key': randomUUID() }
    const [first, again] = [
      await admin.post('/approval-policies', usual, key),
      await admin.post('/approval-policies', usual, key),
    ]
    expect([again.status, again.body]).to.deep.equal([201, first.body])
    expect(await eventsAbout(server, first.body['policy'].id)).to.have.length(1)
  })
})
