// Every route of the table, with every malformed request that its contract makes possible: a clear problem, never a 5xx.
import { randomUUID } from 'node:crypto'
import { expect } from 'chai'
import { type ApiClient, createApiClient, signUp } from '../support/api-client.ts'
import { sharedPlatform } from '../support/shared-platform.ts'

interface Operation {
  readonly method: string
  readonly path: string
  readonly hasBody: boolean
}

const hostileValues: readonly unknown[] = [
  null,
  '',
  ' ',
  'x'.repeat(300_000),
  '\u0000',
  '\ud800',
  "'; drop table users; --",
  '../../../etc/passwd',
  '${7*7}{{7*7}}',
  -1,
  1e308,
  true,
  [],
  {},
  [null],
  { $gt: '' },
  JSON.parse('{"__proto__": {"admin": true}}'),
]

const rawBodies: readonly { readonly raw: string; readonly type: string }[] = [
  { raw: '{', type: 'application/json' },
  { raw: '', type: 'application/json' },
  { raw: 'null', type: 'application/json' },
  { raw: '[]', type: 'application/json' },
  { raw: '"text"', type: 'application/json' },
  { raw: '{"a":1,}', type: 'application/json' },
  { raw: '{"\\u0000":1}', type: 'application/json' },
  { raw: '['.repeat(50_000), type: 'application/json' },
  { raw: '{"content":"hi"}', type: 'text/plain' },
  { raw: '{"content":"hi"}', type: 'application/json; charset=utf-99' },
  { raw: '<a/>', type: 'application/xml' },
  { raw: 'a=b', type: 'application/x-www-form-urlencoded' },
  { raw: '--x\r\nbroken', type: 'multipart/form-data; boundary=x' },
  { raw: '--x', type: 'multipart/form-data' },
]

const badIds = ['not-a-uuid', '%00', '%E0%A4%A', '..%2f..', '0', encodeURIComponent('💥'), 'a'.repeat(5_000)]
const badQueries = [
  'limit=0',
  'limit=x',
  'limit=1e9',
  'after=x',
  'after=%00',
  'after=%ff',
  'nonsense=1',
  'limit=1&limit=2',
  'a[b]=c',
]

async function listOperations(client: ApiClient): Promise<Operation[]> {
  const { body } = await client.get('/openapi.json')
  return Object.entries(body['paths'] as Record<string, Record<string, { requestBody?: unknown }>>).flatMap(
    ([path, item]) =>
      Object.entries(item)
        .filter(([method]) => ['get', 'post', 'put', 'patch', 'delete'].includes(method))
        .map(([method, operation]) => ({
          method: method.toUpperCase(),
          path,
          hasBody: operation.requestBody !== undefined,
        })),
  )
}

describe('malformed requests', function () {
  this.timeout(180_000)
  let client: ApiClient
  let operations: Operation[]

  before(async () => {
    client = await signUp((await sharedPlatform()).run.apiUrl)
    operations = await listOperations(client)
    expect(operations.length).to.be.greaterThan(35)
  })

  const fill = (path: string, value: string) => path.replaceAll(/\{[^}]+\}/g, value)

  async function expectProblem(
    operation: Operation,
    request: Promise<{ status: number; headers: Headers; body: object }>,
    what: string,
  ) {
    const { status, headers, body } = await request
    const where = `${operation.method} ${operation.path} ${what} → ${status} ${JSON.stringify(body).slice(0, 300)}`
    expect(status, where).to.be.within(200, 499)
    if (status < 400) return status
    expect(headers.get('content-type'), where).to.match(/^application\/problem\+json/)
    expect(body, where).to.include.keys('type', 'title', 'status', 'code', 'instance')
    expect(JSON.stringify(body), where).not.to.match(/ at .*\.ts:\d+|node_modules|select |insert /i)
    return status
  }

  it('in the body', async () => {
    for (const operation of operations.filter(({ hasBody }) => hasBody)) {
      const path = fill(operation.path, randomUUID())
      for (const { raw, type } of rawBodies) {
        const request = client.request(operation.method, path, { raw, headers: { 'content-type': type } })
        const status = await expectProblem(operation, request, `${type} ${raw.slice(0, 30)}`)
        // No body at all is an empty object, which is enough where every field is optional.
        const where = `${operation.method} ${operation.path} ${raw.slice(0, 30)}`
        if (raw !== '') expect(status, where).to.be.greaterThan(399)
      }
      for (const value of hostileValues) {
        for (const name of ['email', 'content', 'title', 'name', 'query', 'role', 'collectionIds', 'nonsense']) {
          const request = client.request(operation.method, path, { body: { [name]: value } })
          await expectProblem(operation, request, `${name}=${JSON.stringify(value).slice(0, 40)}`)
        }
      }
    }
  })

  it('in the path and the query', async () => {
    for (const operation of operations) {
      if (operation.path.includes('{')) {
        for (const value of badIds) {
          const request = client.request(operation.method, fill(operation.path, value))
          const status = await expectProblem(operation, request, value.slice(0, 20))
          expect(status, `${operation.method} ${operation.path} ${value.slice(0, 20)}`).to.be.greaterThan(399)
        }
        const missing = client.request(operation.method, fill(operation.path, randomUUID()))
        expect(await expectProblem(operation, missing, 'unknown id')).to.be.greaterThan(399)
      }
      if (operation.method !== 'GET' || operation.path.endsWith('.json') || operation.path === '/metrics') continue
      for (const query of badQueries) {
        const request = client.request('GET', `${fill(operation.path, randomUUID())}?${query}`)
        await expectProblem(operation, request, query)
      }
    }
  })

  it('without, or with a broken, token', async () => {
    const { apiUrl } = client
    for (const token of [
      undefined,
      '',
      'x',
      'a.b.c',
      `${client.token}x`,
      'null',
      client.token?.split('.').slice(0, 2).join('.'),
    ]) {
      const other = createApiClient(apiUrl, token)
      for (const operation of operations.filter(({ path }) => path.startsWith('/api/') && !path.includes('/auth/'))) {
        const request = other.request(operation.method, fill(operation.path, randomUUID()))
        expect(
          await expectProblem(operation, request, `token ${token}`),
          `${operation.method} ${operation.path}`,
        ).to.equal(401)
      }
    }
  })

  it('leave no document behind', async () => {
    expect((await client.get('/documents')).body['data']).to.deep.equal([])
  })
})
