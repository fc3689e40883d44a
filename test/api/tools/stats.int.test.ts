// Statistics of runs over HTTP, held against figures that can be counted by hand.
import { expect } from 'chai'
import { newId } from '../../../db/ids.ts'
import type { ApiClient } from '../../support/api-client.ts'
import { type ToolsServer, newTool, startToolsServer } from '../../support/tools-server.ts'

type Account = ApiClient & { readonly userId: string }

interface Run {
  readonly by: Account
  readonly toolId: string
  /** Of 2026-03-02, in UTC. */
  readonly at: string
  readonly status: string
  readonly ms?: number
  readonly cached?: boolean
  readonly waitMs?: number
}

describe('statistics of runs', () => {
  let server: ToolsServer
  let operator: Account
  let user: Account
  let toolId: string
  let otherToolId: string

  async function insert({ by, toolId, at, status, ms, cached = false, waitMs }: Run): Promise<void> {
    const { db } = server.database
    const id = newId()
    const ended = !['queued', 'pending_approval', 'approved', 'running'].includes(status)
    await db.execute(
      `insert into tool_executions (id, tool_id, tool_version_id, requester_id, arguments, status, cached, created_at, started_at, ended_at)
       select $1, $2::uuid, v.id, $3, '{}', $4, $5, $6::timestamptz, case when $7::int is not null then $6::timestamptz + interval '1 minute' end,
         case when $8 then $6::timestamptz + interval '1 minute' + make_interval(secs => coalesce($7::int, 0) / 1000.0) end
       from tool_versions v where v.tool_id = $2::uuid limit 1`,
      [id, toolId, by.userId, status, cached, at, ms ?? null, ended],
    )
    if (waitMs === undefined) return
    const approvalId = newId()
    await db.execute(
      `insert into approvals (id, execution_id, requester_id, tool_name, policy_version, approver_roles, quorum, escalation,
         allow_edit, arguments, arguments_hash, preview, status, created_at, decided_at, expires_at)
       values ($1, $2, $3, 'x', 0, '{approver}', 1, '[]', false, '{}', '', '{}', $4, $5::timestamptz,
         $5::timestamptz + make_interval(secs => $6 / 1000.0), now())`,
      [approvalId, id, by.userId, status === 'denied' ? 'denied' : 'approved', at, waitMs],
    )
    await db.execute('update tool_executions set approval_id = $2 where id = $1', [id, approvalId])
  }

  before(async function () {
    this.timeout(60_000)
    server = await startToolsServer()
    operator = await server.clientWith('operator')
    user = await server.clientWith('user')
    toolId = (await operator.post('/tools', newTool())).body['tool'].id
    otherToolId = (await operator.post('/tools', newTool())).body['tool'].id
    const mine = { by: user, toolId }
    const day = '2026-03-02'
    for (const run of [
      { ...mine, at: `${day}T00:00:00Z`, status: 'succeeded', ms: 100, waitMs: 1_000 },
      { ...mine, at: `${day}T00:59:59.999Z`, status: 'succeeded', ms: 200, waitMs: 3_000 },
      { ...mine, at: `${day}T01:00:00Z`, status: 'failed', ms: 300 },
      { ...mine, at: `${day}T01:30:00Z`, status: 'succeeded', cached: true },
      { ...mine, at: `${day}T01:30:00Z`, status: 'denied', waitMs: 2_000 },
      { ...mine, at: `${day}T03:00:00Z`, status: 'running', ms: 900 },
      { ...mine, at: `${day}T04:00:00Z`, status: 'succeeded', ms: 5_000 },
      { ...mine, at: '2026-03-01T23:59:59.999Z', status: 'succeeded', ms: 5_000 },
      { by: user, toolId: otherToolId, at: `${day}T02:00:00Z`, status: 'cancelled' },
      { by: operator, toolId, at: `${day}T02:00:00Z`, status: 'succeeded', ms: 400 },
    ])
      await insert(run)
  })
  after(() => server?.stop())

  const time = 'from=2026-03-02T00:00:00Z&to=2026-03-02T04:00:00Z&bucket=hour'
  const statsOf = async (path: string, by: ApiClient = user) => {
    const { status, body } = await by.get(path)
    expect(status, JSON.stringify(body)).to.equal(200)
    return body['stats']
  }

  it('count the caller’s own runs of one tool, over the time and by its parts', async () => {
    const { buckets, counts, ...stats } = await statsOf(`/tools/${toolId}/stats?${time}`)
    expect(stats).to.deep.equal({
      from: '2026-03-02T00:00:00.000Z',
      to: '2026-03-02T04:00:00.000Z',
      bucket: 'hour',
      scope: 'own',
      total: 6,
      successRate: 0.75,
      durationMs: { p50: 200, p95: 290 },
      cacheHitRate: 0.2,
      approvalWaitMs: { p50: 2_000, p95: 2_900 },
    })
    expect(counts).to.deep.equal({
      queued: 0,
      pending_approval: 0,
      approved: 0,
      denied: 1,
      expired: 0,
      running: 1,
      succeeded: 3,
      failed: 1,
      cancelled: 0,
    })
    const hours = ['00', '01', '02', '03'].map((hour) => `2026-03-02T${hour}:00:00.000Z`)
    expect(buckets.map(({ start }: { start: string }) => start)).to.deep.equal(hours)
    expect(buckets.map(({ total }: { total: number }) => total)).to.deep.equal([2, 3, 0, 1])
    expect(buckets[0]).to.deep.include({ successRate: 1, durationMs: { p50: 150, p95: 195 }, cacheHitRate: 0 })
    expect(buckets[2]).to.deep.include({
      successRate: null,
      durationMs: null,
      cacheHitRate: null,
      approvalWaitMs: null,
    })
  })

  it('count over all tools, and over everybody only for whoever changes tools', async () => {
    expect((await statsOf(`/tools/stats?${time}`)).total).to.equal(7)
    expect((await statsOf(`/tools/stats?${time}`, operator)).total).to.equal(1)
    const all = await statsOf(`/tools/stats?${time}&scope=all`, operator)
    expect([all.total, all.counts.succeeded, all.scope]).to.deep.equal([8, 4, 'all'])
    expect((await statsOf(`/tools/${toolId}/stats?${time}&scope=all`, operator)).total).to.equal(7)
    const refused = await user.get(`/tools/stats?${time}&scope=all`)
    expect([refused.status, refused.body['code']]).to.deep.equal([403, 'auth.forbidden'])
  })

  it('cover the last days unless a time is given, by day', async () => {
    const stats = await statsOf('/tools/stats')
    expect(stats.bucket).to.equal('day')
    expect(Date.parse(stats.to) - Date.parse(stats.from)).to.equal(30 * 86_400_000)
    expect(stats.buckets).to.have.length(31)
    const days = await statsOf('/tools/stats?from=2026-03-01T12:00:00Z&to=2026-03-03T00:00:00Z')
    expect(days.buckets.map(({ total }: { total: number }) => total)).to.deep.equal([1, 8])
  })

  it('refuse a time that is empty, or has too many parts', async () => {
    for (const query of [
      'from=2026-03-02T00:00:00Z&to=2026-03-02T00:00:00Z',
      'from=2025-03-01T00:00:00Z&to=2026-03-03T00:00:00Z',
      'from=2026-03-01T00:00:00Z&to=2026-03-20T00:00:00Z&bucket=hour',
      'from=9999-12-31T00:00:00Z',
      'to=0000-01-01T00:00:00Z',
      'to=yesterday',
      'bucket=week',
      'userId=x',
    ])
      expect((await user.get(`/tools/stats?${query}`)).status, query).to.equal(400)
    expect((await user.get('/tools/stats?to=9999-12-31T23:59:59Z&bucket=hour')).status).to.equal(200)
  })
})
