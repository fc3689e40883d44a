// The registry of tools over HTTP: what is stored, what is refused and why, and who may lift which rule.
import { randomUUID } from 'node:crypto'
import { expect } from 'chai'
import type { ApiAnswer, ApiClient } from '../../support/api-client.ts'
import { type ToolsServer, citySchema, eventsAbout, newTool, startToolsServer } from '../../support/tools-server.ts'
import { makeSecret } from '../../support/vault-parts.ts'

type Answer = ApiAnswer<Record<string, any>> // eslint-disable-line typescript/no-explicit-any -- a test reads what it expects

const codeOf = ({ status, body }: Answer) => [status, body['code']]
const pathsOf = ({ status, body }: Answer) => [
  status,
  ...(body['errors'] ?? []).map(({ path }: { path: string }) => path),
]

describe('routes of tools', () => {
  let server: ToolsServer
  let operator: ApiClient & { readonly userId: string }
  let admin: ApiClient
  let user: ApiClient
  before(async function () {
    this.timeout(60_000)
    server = await startToolsServer()
    operator = await server.clientWith('operator')
    admin = await server.clientWith('admin')
    user = await server.clientWith('user')
  })
  after(() => server?.stop())

  const create = async (given: Record<string, unknown> = {}) => {
    const answer = await operator.post('/tools', newTool(given))
    expect(answer.status, JSON.stringify(answer.body)).to.equal(201)
    return answer.body['tool'] as Record<string, string> & { id: string; version: number }
  }
  const patch = (
    id: string,
    body: unknown,
    { by = operator, headers = {} }: { by?: ApiClient; headers?: Record<string, string> } = {},
  ) => by.request('PATCH', `/tools/${id}`, { body, headers })

  it('store a tool with cautious defaults, and show it to whoever may see tools', async () => {
    const body = newTool()
    const answer = await operator.post('/tools', body)
    expect(answer.status).to.equal(201)
    expect(answer.headers.get('etag')).to.equal('"1"')
    const { tool } = answer.body
    expect(tool).to.deep.include({
      name: body['name'],
      kind: 'http',
      ownerId: operator.userId,
      requiresApproval: true,
      sideEffects: true,
      enabled: true,
      policyId: null,
      cacheTtlSeconds: 86_400,
      secretRefs: [],
      version: 1,
      config: { method: 'GET', url: 'https://api.example.org/v1/weather/{{city}}', headers: {} },
    })
    expect(tool).not.to.have.property('versionId')
    const read = await user.get(`/tools/${tool.id}`)
    expect([read.status, read.headers.get('etag')]).to.deep.equal([200, '"1"'])
    expect(read.body['tool']).to.deep.equal(tool)
    const listed = (await user.get('/tools?limit=1')).body
    expect(listed['data']).to.deep.equal([tool])
    expect((await user.post('/tools', newTool())).status).to.equal(403)
    expect((await patch(tool.id, { enabled: false }, { by: user })).status).to.equal(403)
    expect((await user.request('DELETE', `/tools/${tool.id}`)).status).to.equal(403)
  })

  it('give one tool for a repeated request, and one name to one tool', async () => {
    const body = newTool()
    const key = { 'idempotency-key': randomUUID() }
    const [first, again] = [await operator.post('/tools', body, key), await operator.post('/tools', body, key)]
    expect(again.status).to.equal(201)
    expect(again.body).to.deep.equal(first.body)
    expect(codeOf(await operator.post('/tools', body))).to.deep.equal([409, 'tool.name_taken'])
    const other = await create()
    expect(codeOf(await patch(other.id, { name: body['name'] }))).to.deep.equal([409, 'tool.name_taken'])
    expect((await user.get(`/tools/${other.id}`)).body['tool'].version).to.equal(1)
    await operator.request('DELETE', `/tools/${first.body['tool'].id}`)
    expect((await patch(other.id, { name: body['name'] })).body['tool'].name).to.equal(body['name'])
  })

  it('take nothing that isn’t theirs to set', async () => {
    for (const extra of [{ ownerId: randomUUID() }, { version: 7 }, { secretRefs: ['a'] }, { id: randomUUID() }])
      expect((await operator.post('/tools', newTool(extra))).status, JSON.stringify(extra)).to.equal(422)
    for (const kind of ['builtin', 'openapi', 'mcp'])
      expect((await operator.post('/tools', newTool({ kind }))).status, kind).to.equal(422)
    const { id } = await create()
    expect((await patch(id, { kind: 'builtin' })).status).to.equal(422)
    expect((await patch(id, { ownerId: randomUUID() })).status).to.equal(422)
  })

  it('refuse schemas that arguments can’t be held against, and say where', async () => {
    const open = { ...citySchema, additionalProperties: true }
    const answer = await operator.post('/tools', newTool({ inputSchema: open }))
    expect(codeOf(answer)).to.deep.equal([422, 'tool.schema_invalid'])
    expect(pathsOf(answer)).to.deep.equal([422, 'inputSchema'])
    const slow = { ...citySchema, properties: { city: { type: 'string', pattern: '(?=a)b' } } }
    expect(pathsOf(await operator.post('/tools', newTool({ inputSchema: slow })))).to.deep.equal([
      422,
      'inputSchema.properties.city',
    ])
    const odd = { ...citySchema, properties: { city: { type: 'none' } } }
    expect(codeOf(await operator.post('/tools', newTool({ inputSchema: odd })))).to.deep.equal([
      422,
      'tool.schema_invalid',
    ])
  })

  it('refuse configurations that can’t be run, and say where', async () => {
    const refused: [config: unknown, path: string][] = [
      [{ url: 'https://{{city}}.example.org/' }, 'config.url'],
      [{ url: 'ftp://example.org/' }, 'config.url'],
      [{ url: 'https://a:b@example.org/' }, 'config.url'],
      [{ url: 'https://example.org/{{ city' }, 'config.url'],
      [{ url: 'https://example.org/{{town}}' }, 'config.url'],
      [{ url: 'https://example.org/{{toString}}' }, 'config.url'],
      [{ url: 'https://example.org/', headers: { 'x-town': '{{town}}' } }, 'config.headers.x-town'],
      [{ url: 'https://example.org/', headers: { 'a b': 'c' } }, 'config.headers.a b'],
      [{ url: 'https://example.org/', headers: { a: 'Bearer secret://a/b' } }, 'config.headers.a'],
      [{ url: 'https://example.org/', method: 'POST', body: { a: '{{town}}' } }, 'config.body'],
      [{ url: 'https://example.org/', method: 'POST', body: '{"a": {{town}}}' }, 'config.body'],
      [{ url: 'https://example.org/', method: 'GET', body: {} }, 'config.body'],
      [{ url: 'https://example.org/', method: 'POST', body: { a: 'secret://a/b' } }, 'config.body'],
      [{ url: 'https://example.org/', method: 'TRACE' }, 'config.method'],
      [{ url: 'https://example.org/', nonsense: 1 }, 'config'],
      [{}, 'config.url'],
    ]
    for (const [config, path] of refused) {
      const answer = await operator.post('/tools', newTool({ config }))
      expect(pathsOf(answer), JSON.stringify(config)).to.deep.equal([422, path])
    }
  })

  it('let a secret go only where it may, and only by whoever may use secrets', async () => {
    const destinations = ['https://api.example.org']
    const path = `tools/${randomUUID()}`
    await makeSecret({ db: server.database.db }, { path, destinations })
    const config = { url: 'https://api.example.org/x', headers: { authorization: `secret://${path}#CURRENT` } }
    const tool = await create({ config })
    expect(tool['secretRefs']).to.deep.equal([path])
    const elsewhere = { ...config, url: 'https://evil.example.org/x' }
    expect(pathsOf(await operator.post('/tools', newTool({ config: elsewhere })))).to.deep.equal([
      422,
      'config.headers.authorization',
    ])
    expect(pathsOf(await patch(tool.id, { config: elsewhere }))).to.deep.equal([422, 'config.headers.authorization'])
    const missing = { ...config, headers: { authorization: 'secret://tools/none' } }
    const answer = await operator.post('/tools', newTool({ config: missing }))
    expect(pathsOf(answer)).to.deep.equal([422, 'config.headers.authorization'])
    expect(answer.body['errors'][0].message).to.contain('tools/none')

    const { owner } = server.database
    const change = (sql: string) => server.parts.actors.changing({ everybody: true }, () => owner.execute(sql))
    await change(`delete from role_permissions where permission = 'secret:use' and role_id in
      (select id from roles where name = 'operator')`)
    try {
      expect(codeOf(await operator.post('/tools', newTool({ config })))).to.deep.equal([403, 'auth.forbidden'])
      expect(codeOf(await patch(tool.id, { description: 'B' }))).to.deep.equal([403, 'auth.forbidden'])
      expect((await patch(tool.id, { config: { url: 'https://api.example.org/' } })).status).to.equal(200)
    } finally {
      await change(`insert into role_permissions (role_id, permission)
        select id, 'secret:use' from roles where name = 'operator'`)
    }
  })

  it('can switch a tool off whose secret has gone', async () => {
    const path = `tools/${randomUUID()}`
    const id = await makeSecret({ db: server.database.db }, { path, destinations: ['https://api.example.org'] })
    const tool = await create({ config: { url: 'https://api.example.org/', headers: { a: `secret://${path}` } } })
    await server.database.db.execute('update secrets set deleted_at = now() where id = $1', [id])
    expect((await patch(tool.id, { enabled: false })).body['tool']).to.include({ enabled: false, version: 2 })
  })

  it('make a new version with each change, and keep what is left out', async () => {
    const tool = await create()
    const changed = await patch(tool.id, { description: 'B', cacheTtlSeconds: 0 }, { headers: { 'if-match': '"1"' } })
    expect([changed.status, changed.headers.get('etag')]).to.deep.equal([200, '"2"'])
    const { updatedAt } = changed.body['tool']
    expect(changed.body['tool']).to.deep.equal({ ...tool, description: 'B', cacheTtlSeconds: 0, version: 2, updatedAt })
    for (const etag of ['"1"', '"x"', '"99"']) {
      const stale = await patch(tool.id, { description: 'C' }, { headers: { 'if-match': etag } })
      expect(codeOf(stale), etag).to.deep.equal([412, 'request.precondition_failed'])
      const kept = await operator.request('DELETE', `/tools/${tool.id}`, { headers: { 'if-match': etag } })
      expect(kept.status, etag).to.equal(412)
    }
    const versions = await server.database.owner.query<{ version: number; description: string }>(
      'select version, description from tool_versions where tool_id = $1 order by version',
      [tool.id],
    )
    expect(versions).to.deep.equal([
      { version: 1, description: tool['description'] },
      { version: 2, description: 'B' },
    ])
    const narrower = { ...citySchema, properties: { town: { type: 'string' } }, required: ['town'] }
    expect(pathsOf(await patch(tool.id, { inputSchema: narrower }))).to.deep.equal([422, 'config.url'])
    const both = { inputSchema: narrower, config: { url: 'https://api.example.org/{{town}}' } }
    expect((await patch(tool.id, both)).status).to.equal(200)
  })

  it('forget a deleted tool', async () => {
    const { id } = await create()
    expect((await operator.request('DELETE', `/tools/${id}`)).status).to.equal(204)
    expect((await user.get(`/tools/${id}`)).status).to.equal(404)
    expect((await patch(id, { enabled: true })).status).to.equal(404)
    expect((await operator.request('DELETE', `/tools/${id}`)).status).to.equal(404)
    expect((await user.get(`/tools/${id}/stats`)).status).to.equal(404)
    expect((await user.post(`/tools/${id}/execute`, { arguments: {} })).status).to.equal(404)
  })

  it('leave a built-in tool as it is built, and let its settings be set', async () => {
    const { id, name } = await server.builtin({ name: 'calculate', cacheTtlSeconds: 60 })
    for (const [field, value] of Object.entries({
      name: 'sum',
      description: 'B',
      inputSchema: citySchema,
      sideEffects: true,
    }))
      expect(pathsOf(await patch(id, { [field]: value })), field).to.deep.equal([422, field])
    expect(pathsOf(await patch(id, { config: { a: 1 } }))).to.deep.equal([422, 'config'])
    const set = await patch(id, { enabled: false, requiresApproval: true, cacheTtlSeconds: 7, config: {} })
    expect(set.body['tool']).to.include({ name, enabled: false, requiresApproval: true, cacheTtlSeconds: 7 })
    expect(codeOf(await operator.request('DELETE', `/tools/${id}`))).to.deep.equal([409, 'tool.not_deletable'])
  })

  it('free nothing of approval that must have it, and else only for whoever makes those rules', async () => {
    const http = await server.builtin({ name: 'http_request', requiresApproval: true, sideEffects: true })
    expect(pathsOf(await patch(http.id, { requiresApproval: false }, { by: admin }))).to.deep.equal([
      422,
      'requiresApproval',
    ])
    expect(pathsOf(await patch(http.id, { cacheTtlSeconds: 60 }))).to.deep.equal([422, 'cacheTtlSeconds'])
    const query = await server.builtin({ name: 'query_database', requiresApproval: true })
    const freed = { requiresApproval: false }
    expect(codeOf(await patch(query.id, freed))).to.deep.equal([403, 'auth.forbidden'])
    expect((await patch(query.id, freed, { by: admin })).body['tool'].requiresApproval).to.equal(false)
    const search = await server.builtin({ name: 'search_documents' })
    expect(pathsOf(await patch(search.id, { cacheTtlSeconds: 60 }))).to.deep.equal([422, 'cacheTtlSeconds'])
    const database = { host: 'db.example.org', dsn: 'secret://tools/dsn' }
    expect(pathsOf(await patch(query.id, { config: { databases: { shop: database } } }))).to.deep.equal([
      422,
      'config.databases.shop.dsn',
    ])
    const destinations = ['postgres://db.example.org']
    await makeSecret({ db: server.database.db }, { path: 'tools/dsn', destinations })
    const registered = await patch(query.id, { config: { databases: { shop: database } } })
    expect(registered.body['tool']).to.deep.include({ secretRefs: ['tools/dsn'] })
    expect(registered.body['tool'].config.databases.shop).to.include({ port: 5_432, tls: true })
    const evil = { ...database, host: 'evil.example.org' }
    expect((await patch(query.id, { config: { databases: { shop: evil } } })).status).to.equal(422)
  })

  it('let a policy be chosen only by whoever makes policies', async () => {
    const made = await admin.post('/approval-policies', { match: ['x'], approverRoles: ['approver'] })
    const policyId = made.body['policy'].id
    expect(codeOf(await operator.post('/tools', newTool({ policyId })))).to.deep.equal([403, 'auth.forbidden'])
    const { id } = await create()
    expect(codeOf(await patch(id, { policyId }))).to.deep.equal([403, 'auth.forbidden'])
    expect((await patch(id, { policyId }, { by: admin })).body['tool'].policyId).to.equal(policyId)
    expect((await patch(id, { policyId, description: 'B' })).status, 'as it is').to.equal(200)
    expect(codeOf(await patch(id, { policyId: null }))).to.deep.equal([403, 'auth.forbidden'])
    expect(pathsOf(await patch(id, { policyId: randomUUID() }, { by: admin }))).to.deep.equal([422, 'policyId'])
    expect((await admin.post('/tools', newTool({ policyId }))).body['tool'].policyId).to.equal(policyId)
  })

  it('are each told of once, with what has changed and never the values', async () => {
    const { id } = await create()
    await patch(id, { description: 'A secret plan', enabled: false })
    await operator.request('DELETE', `/tools/${id}`)
    const events = await eventsAbout(server, id)
    expect(events.map(({ action }) => action)).to.deep.equal(['tool.create', 'tool.update', 'tool.delete'])
    expect(events[1]?.leaf).to.contain('"fields":"description enabled"').and.not.to.contain('plan')
  })
})
