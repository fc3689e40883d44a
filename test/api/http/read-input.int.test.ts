import { expect } from 'chai'
import request from 'supertest'
import { expectProblem } from '../../support/expect-problem.ts'
import { type Seen, createItemRoutes, itemId } from '../../support/item-routes.ts'
import { type KernelServer, as, startKernelServer } from '../../support/kernel-server.ts'
import { sendRaw } from '../../support/raw-request.ts'

describe('readInput', () => {
  let server: KernelServer
  let seen: Seen | undefined
  const api = () => request(`${server.url}/api/v1`)

  before(async () => {
    server = await startKernelServer({ routes: createItemRoutes((call) => (seen = call)) })
  })
  after(() => server.stop())

  it('gives the handler what the contracts make of it', async () => {
    const response = await api()
      .get(`/items/${itemId}?limit=5&q=%F0%9F%91%8D+x`)
      .set({ ...as('u1'), 'user-agent': 'x'.repeat(600), 'x-request-id': 'mine', 'if-match': '"3"' })
      .set('last-event-id', 'e9')
    expect(response.body).to.deep.equal({ itemId, limit: 5, q: '👍 x' })
    expect(response.headers).to.include({ etag: '"7"', 'cache-control': 'no-store', 'x-request-id': 'mine' })
    expect(seen?.input).to.deep.include({ ifMatch: '3', lastEventId: 'e9', body: undefined, file: undefined })
    expect(seen?.context).to.deep.include({ requestId: 'mine', ip: '127.0.0.1', userAgent: 'x'.repeat(512) })
    expect(seen?.context.actor.userId).to.equal('u1')
    expect(seen?.context.newResourceId).to.match(/^[0-9a-f]{8}-[0-9a-f]{4}-7/)
    expect(seen?.context.signal.aborted).to.equal(false)
  })

  it('takes a path’s text as it is', async () => {
    const odd = 'a%2Fb%20%F0%9F%91%8D%3F'
    expect((await api().get(`/items/${odd}/by-name`)).body).to.deep.equal({ name: 'a/b 👍?' })
  })

  const malformed: [string, string, string?][] = [
    ['a path that breaks its schema', '/items/17'],
    ['a query that breaks its schema', `/items/${itemId}?limit=0`],
    ['a number that is none', `/items/${itemId}?limit=x`],
    ['an unknown query key', `/items/${itemId}?limits=1`],
    ['a repeated query key', `/items/${itemId}?limit=1&limit=2`],
    ['__proto__ in the query', `/items/${itemId}?__proto__=1`],
    ['NUL in the query', `/items/${itemId}?q=%00`],
    ['broken encoding in the query', `/items/${itemId}?q=%zz`],
    ['bytes that aren’t UTF-8 in the query', `/items/${itemId}?q=%ff`],
    ['NUL in the path', '/items/a%00b/by-name'],
    ['broken encoding in the path', '/items/%zz/by-name'],
    ['half a surrogate pair in the path', '/items/%ed%a0%80/by-name'],
  ]
  for (const [what, path] of malformed) {
    it(`answers ${what} with 400`, async () => {
      const head = `GET /api/v1${path} HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer u1\r\n\r\n`
      const problem = expectProblem(await sendRaw(server.port, head), 400)
      expect(problem['code']).to.equal('request.malformed')
    })
  }

  it('refuses a broken query for routes that take none', async () => {
    expectProblem(await api().get('/items/newest?a=%00'), 400)
  })

  it('reads one entity tag of If-Match', async () => {
    const tags = { '"3"': '3', 'W/"3"': '3', '*': '*', '""': '' }
    for (const [given, read] of Object.entries(tags)) {
      const response = await api().delete('/items/1').set('if-match', given)
      expect(response.status).to.equal(204)
      expect(response.headers['x-if-match']).to.equal(read)
    }
    for (const given of ['3', '"3", "4"', '"3', 'W/3']) {
      expectProblem(await api().delete('/items/1').set('if-match', given), 400)
    }
  })

  it('takes If-Match up to its bound, and Last-Event-ID up to its own', async () => {
    const tag = (length: number): string => `"${'v'.repeat(length - 2)}"`
    expect((await api().delete('/items/1').set('if-match', tag(255))).status).to.equal(204)
    expectProblem(await api().delete('/items/1').set('if-match', tag(256)), 400)
    const after = (length: number) => api().get('/items/newest').set('last-event-id', 'e'.repeat(length))
    expect((await after(64)).status).to.equal(200)
    expectProblem(await after(65), 400)
  })
})
