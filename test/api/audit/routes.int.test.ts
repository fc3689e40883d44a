// The routes of the log on a real database: what they show, what they refuse, and proofs that a verifier of another hand
// accepts.
import { randomUUID } from 'node:crypto'
import { expect } from 'chai'
import { parse } from 'csv-parse/sync'
import { auditRoutes } from '../../../api/audit/routes.ts'
import { createApiClient } from '../../support/api-client.ts'
import { type AuditServer, startAuditServer } from '../../support/audit-server.ts'
import { as } from '../../support/kernel-server.ts'
import { checkConsistency, checkExport, checkInclusion } from '../../support/outside-verifier.ts'

describe('routes of the audit log', function () {
  this.timeout(60_000)
  let server: AuditServer
  beforeEach(async () => {
    server = await startAuditServer()
  })
  afterEach(() => server.stop())

  const get = (path: string) => server.auditor.get(path)
  const idsOf = async (query: string): Promise<string[]> => {
    const { status, body } = await get(`/audit/events?${query}`)
    expect(status, query).to.equal(200)
    return (body['data'] as { id: string }[]).map(({ id }) => id)
  }

  it('need the permission to read the log, and sealing the one to run the platform', async () => {
    const paths = auditRoutes.map(({ method, path }) => [method.toUpperCase(), path.replace('{eventId}', randomUUID())])
    for (const [method = '', path = ''] of paths) {
      const stranger = createApiClient(server.url, 'user chat:read,report:read,ops:read')
      expect((await stranger.request(method, path)).status, path).to.equal(403)
      expect((await createApiClient(server.url).request(method, path)).status, path).to.equal(401)
    }
    expect((await server.auditor.post('/audit/seal')).status).to.equal(403)
  })

  it('list events with their personal values, newest first, by every filter', async () => {
    const chatId = randomUUID()
    const resource = { type: 'chat', id: chatId }
    const first = await server.append({ resource, details: { size: 3 } })
    const denied = await server.append({ action: 'request.deny', outcome: 'denied', reason: 'auth.forbidden' })
    const system = await server.append({ actor: { type: 'system' }, resource: { type: 'document' } })
    expect(await idsOf('')).to.deep.equal([system, denied, first])
    expect(await idsOf(`resourceId=${chatId}`)).to.deep.equal([first])
    expect(await idsOf('resourceType=document')).to.deep.equal([system])
    expect(await idsOf('outcome=denied')).to.deep.equal([denied])
    expect(await idsOf('action=request.deny')).to.deep.equal([denied])
    expect(await idsOf(`actorId=${server.auditorId}&outcome=success`)).to.deep.equal([first])
    const { event } = (await get(`/audit/events/${denied}`)).body as { event: { at: string } }
    expect(await idsOf(`to=${event.at}`)).not.to.include(denied)
    expect(await idsOf(`from=${event.at}`)).to.include(denied)
    expect(await idsOf('from=9999-12-31T23:59:59Z')).to.deep.equal([])
    expect(await idsOf('to=0001-01-01T00:00:00Z')).to.deep.equal([])
    const page = (await get('/audit/events?limit=2')).body
    expect(page).to.include({ hasMore: true, nextCursor: denied })
    expect(await idsOf(`limit=2&after=${denied}`)).to.deep.equal([first])
    expect((await get(`/audit/events/${first}`)).body['event']).to.deep.include({
      id: first,
      action: 'chat.create',
      resource,
      details: { size: 3 },
      personal: { ip: '192.0.2.7', userAgent: 'Søren’s agent \u{1f600}' },
      erased: [],
      leafIndex: null,
    })
  })

  it('answer what can’t be asked by what to change', async () => {
    for (const query of ['action=chat.eat', 'outcome=maybe', 'from=yesterday', 'more=1', 'limit=0', 'after=x'])
      expect((await get(`/audit/events?${query}`)).status, query).to.equal(400)
    for (const id of [randomUUID(), 'ffffffff-ffff-ffff-ffff-ffffffffffff', '00000000-0000-0000-0000-000000000000'])
      expect((await get(`/audit/events/${id}`)).status, id).to.equal(404)
    expect((await get('/audit/events/none')).status).to.equal(400)
    for (const query of ['', 'eventId=x', `eventId=${randomUUID()}&treeSize=0`])
      expect((await get(`/audit/proofs/inclusion?${query}`)).status, query).to.equal(400)
    expect((await get(`/audit/proofs/inclusion?eventId=${randomUUID()}`)).status).to.equal(404)
    for (const query of ['from=1', 'from=0&to=1', 'from=2&to=1', 'from=x&to=2'])
      expect((await get(`/audit/proofs/consistency?${query}`)).status, query).to.equal(400)
    expect((await get('/audit/proofs/consistency?from=1&to=2')).status).to.equal(404)
    expect((await get('/audit/checkpoints/latest')).status).to.equal(404)
    expect((await get('/audit/export')).body['code']).to.equal('audit.not_sealed')
    expect((await get('/audit/export?format=xml')).status).to.equal(400)
    const filtered = await get('/audit/export?outcome=denied')
    expect(filtered.status).to.equal(400)
    expect(filtered.body['detail']).to.match(/filters are for format=csv/)
  })

  it('prove each event from its seal on, in every checkpoint that covers it', async () => {
    const before = await server.append()
    const refused = await get(`/audit/proofs/inclusion?eventId=${before}`)
    expect([refused.status, refused.body['code']]).to.deep.equal([409, 'audit.not_sealed'])
    const sizes = [await server.seal()]
    const later = await server.append()
    sizes.push(await server.seal())
    expect(sizes[0]).to.be.lessThan(sizes[1] ?? 0)
    const keys = await server.keys()
    for (const size of sizes) {
      const answer = await get(`/audit/proofs/inclusion?eventId=${before}&treeSize=${size}`)
      expect(answer.body).to.include({ eventId: before, treeSize: size })
      checkInclusion(answer.body, keys)
      const forged = { ...answer.body, leaf: { ...answer.body['leaf'], outcome: 'denied' } }
      expect(() => checkInclusion(forged, keys)).to.throw('the leaf hash is another one')
    }
    const early = await get(`/audit/proofs/inclusion?eventId=${later}&treeSize=${sizes[0]}`)
    expect(early.body['code']).to.equal('audit.not_sealed')
    expect((await get(`/audit/proofs/inclusion?eventId=${before}&treeSize=999`)).status).to.equal(404)
    const events = (await get('/audit/events')).body['data'] as { id: string; leafIndex: number }[]
    expect(events.map(({ leafIndex }) => leafIndex).toSorted((a, b) => a - b)).to.deep.equal(
      events.map((_, index) => index),
    )
    for (const { id } of events) checkInclusion((await get(`/audit/proofs/inclusion?eventId=${id}`)).body, keys)
  })

  it('prove that every checkpoint continues every older one', async () => {
    const sizes: number[] = []
    for (const count of [1, 1, 3, 6]) {
      for (let n = 0; n < count; n += 1) await server.append()
      sizes.push(await server.seal())
    }
    const keys = await server.keys()
    for (const [at, from] of sizes.entries()) {
      for (const to of sizes.slice(at)) {
        const { body } = await get(`/audit/proofs/consistency?from=${from}&to=${to}`)
        checkConsistency(body, keys)
        const flipped = { ...body, fromCheckpoint: String(body['fromCheckpoint']).replace(`\n${from}\n`, '\n12345\n') }
        expect(() => checkConsistency(flipped, keys)).to.throw('the signature is wrong')
      }
    }
    const { data } = (await get('/audit/checkpoints')).body as { data: { size: number; note: string }[] }
    expect(data.map(({ size }) => size)).to.deep.equal(sizes.toReversed())
    const latest = await get('/audit/checkpoints/latest')
    expect(latest.headers.get('content-type')).to.equal('text/plain; charset=utf-8')
    expect(latest.body['text']).to.equal(data[0]?.note)
  })

  it('export the whole log up to a checkpoint, and tell so in the log before the first byte', async () => {
    await server.appendMany(300)
    const size = await server.seal()
    const late = await server.append()
    const text = await server.exported()
    const entries = checkExport(text, await server.keys())
    expect(entries).to.have.length(size)
    expect(entries.some(({ leaf }) => leaf?.['id'] === late)).to.equal(false)
    const [newest] = (await get('/audit/events?limit=1')).body['data'] as Record<string, unknown>[]
    expect(newest).to.deep.include({ action: 'audit.export', outcome: 'success' })
    expect(newest?.['details']).to.deep.equal({ format: 'ndjson', size })
    expect(newest?.['actor']).to.include({ type: 'user', id: server.auditorId })
    const response = await fetch(`${server.url}/api/v1/audit/export`, { headers: as(server.auditorId, 'audit:read') })
    expect(response.headers.get('content-type')).to.equal('application/x-ndjson')
    expect(response.headers.get('content-disposition')).to.equal(`attachment; filename="audit-${size}.ndjson"`)
    await response.body?.cancel()
  })

  it('[A15] export what a filter finds as CSV in which nothing is a formula or a control character', async () => {
    const hostile = [
      '=cmd|"/c calc"!A1',
      '+1',
      '-1',
      '@SUM(A1)',
      '\t=1',
      'a\r\n=1,2',
      '\u001b[2J\u001b]0;x\u0007',
      '＝1',
    ]
    const agents = [...hostile, 'x;=1', '"=1', '\u202egpj.exe', 'Søren’s plain agent']
    for (const userAgent of agents) await server.append({ personal: { userAgent }, reason: userAgent })
    await server.append({ outcome: 'denied' })
    const path = `/audit/export?format=csv&outcome=success&action=chat.create&from=2020-01-01T00:00:00Z`
    const { status, headers, body } = await get(path)
    expect([status, headers.get('content-type')]).to.deep.equal([200, 'text/csv; charset=utf-8; header=present'])
    const text = String(body['text'])
    const rows = parse<Record<string, string>>(text, { columns: true, record_delimiter: '\r\n' })
    const shown = rows.map((row) => row['userAgent'] ?? '').toReversed()
    expect(shown).to.have.length(agents.length)
    expect(shown.at(-1)).to.equal('Søren’s plain agent')
    for (const [n, agent] of agents.slice(0, -1).entries()) {
      expect(shown[n], agent).not.to.equal(agent)
      expect(shown[n], agent).not.to.match(/^\s*[=+\-@＝]|[;,"]\s*[=+\-@]/)
    }
    // One line a row, whatever a program takes for a line end.
    expect(text.replaceAll('\r\n', '')).not.to.match(/[\p{Cc}\u2028\u2029\u202e]/u)
    expect(text.split('\r\n')).to.have.length(agents.length + 2)
    const [newest] = (await get('/audit/events?limit=1')).body['data'] as Record<string, unknown>[]
    expect(newest?.['details']).to.deep.equal({
      format: 'csv',
      outcome: 'success',
      action: 'chat.create',
      from: '2020-01-01T00:00:00Z',
    })
  })

  it('export a readable table of more than a page, newest first', async () => {
    const ids = await server.appendMany(520)
    const { body } = await get('/audit/export?format=csv&action=chat.create')
    const rows = parse<Record<string, string>>(String(body['text']), { columns: true })
    expect(rows.map(({ id }) => id)).to.deep.equal(ids.toReversed())
  })
})
