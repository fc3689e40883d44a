import { once } from 'node:events'
import { gzipSync } from 'node:zlib'
import { expect } from 'chai'
import request from 'supertest'
import { expectProblem } from '../../support/expect-problem.ts'
import { createItemRoutes } from '../../support/item-routes.ts'
import { type KernelServer, as, startKernelServer } from '../../support/kernel-server.ts'
import { openSocket, sendRaw } from '../../support/raw-request.ts'

describe('JSON bodies', () => {
  let server: KernelServer
  const writer = as('u1', 'document:write')
  const api = () => request(`${server.url}/api/v1`)
  const post = async (path: string, body: string | Buffer<ArrayBuffer>, headers: Record<string, string> = {}) => {
    const all = { 'content-type': 'application/json', ...writer, ...headers }
    const response = await fetch(`${server.url}/api/v1${path}`, { method: 'POST', body, headers: all })
    return {
      status: response.status,
      headers: Object.fromEntries(response.headers),
      text: await response.text(),
    }
  }

  before(async () => {
    server = await startKernelServer({ routes: createItemRoutes() })
  })
  after(() => server.stop())

  it('are taken in UTF-8, with a byte order mark and compressed', async () => {
    const text = JSON.stringify({ title: 'é👍', count: 1 })
    const plain = await post('/items', text)
    expect(plain.status).to.equal(201)
    expect(JSON.parse(plain.text)).to.deep.equal({ item: { title: 'é👍', count: 1, tags: [] } })
    expect((await post('/items', `\ufeff${text}`)).status).to.equal(201)
    expect((await post('/items', gzipSync(text), { 'content-encoding': 'gzip' })).status).to.equal(201)
    expect((await post('/items', text, { 'content-type': 'application/json; charset="UTF-8"' })).status).to.equal(201)
  })

  it('are an empty object when there is none', async () => {
    expect((await api().post('/small')).body).to.deep.equal({ length: -1 })
    const missing = expectProblem(await api().post('/items').set(writer), 422)
    expect(missing['errors']).to.deep.equal([
      { path: 'title', message: 'Invalid input: expected string, received undefined' },
    ])
  })

  it('aren’t read for who may not send them', async () => {
    expectProblem(await post('/items', '{broken', { authorization: '' }), 401)
  })

  const bodies: [string, string | Buffer<ArrayBuffer>, number, Record<string, string>?][] = [
    ['broken JSON', '{"title": "hunter2', 400],
    ['nothing', '', 400],
    ['two documents', '{} {}', 400],
    ['bytes that aren’t UTF-8', Buffer.from([0x7b, 0x22, 0xff, 0x22, 0x3a, 0x31, 0x7d]), 400],
    ['single quotes', "{'title': 'a'}", 400],
    ['NaN', '{"count": NaN}', 400],
    ['only a byte order mark', '\ufeff', 400],
    ['__proto__', '{"title": "a", "__proto__": {"admin": true}}', 400],
    ['deep __proto__', '{"title": "a", "extra": [{"__proto__": 1}]}', 400],
    ['200,000 levels', `{"title": "a", "extra": ${'['.repeat(200_000)}${']'.repeat(200_000)}}`, 400],
    ['NUL in a key', '{"title": "a", "extra": {"\\u0000": 1}}', 400],
    ['a compressed body that is none', 'plain', 400, { 'content-encoding': 'gzip' }],
    ['NUL in a value', '{"title": "a\\u0000b"}', 422],
    ['NUL where the schema looks away', '{"title": "a", "extra": {"b": ["\\u0000"]}}', 422],
    ['half a surrogate pair', '{"title": "\\ud800"}', 422],
    ['an array', '[]', 422],
    ['null', 'null', 422],
    ['a string', '"title"', 422],
    ['a number', '1e999', 422],
    ['a missing field', '{"count": 1}', 422],
    ['an unknown field', '{"title": "a", "owner": "hunter2"}', 422],
    ['a wrong type', '{"title": 1}', 422],
    ['too long a string', JSON.stringify({ title: 'x'.repeat(101) }), 422],
    ['10,000 faults', `{"title": "a", "tags": [${'1,'.repeat(10_000)}1]}`, 422],
    ['too many members', `{"title": "a", "tags": [${'1,'.repeat(100_000)}1]}`, 413],
    ['a megabyte too much', JSON.stringify({ title: 'x'.repeat(1_048_577) }), 413],
    ['a bomb', gzipSync(Buffer.alloc(20_000_000, 'x')), 413, { 'content-encoding': 'gzip' }],
    ['a form', 'title=a', 415, { 'content-type': 'application/x-www-form-urlencoded' }],
    ['plain text', '{"title": "a"}', 415, { 'content-type': 'text/plain' }],
    ['a broken type', '{"title": "a"}', 415, { 'content-type': ';;' }],
    ['another charset', '{"title": "a"}', 415, { 'content-type': 'application/json; charset=utf-16' }],
    ['an unknown charset', '{"title": "a"}', 415, { 'content-type': 'application/json; charset=klingon' }],
    ['an unknown encoding', '{"title": "a"}', 415, { 'content-encoding': 'sideways' }],
  ]
  for (const [what, body, status, headers] of bodies) {
    it(`answer ${what} with ${status}`, async () => {
      const answer = await post('/items', body, headers)
      const problem = expectProblem(answer, status)
      expect(answer.text.length).to.be.below(10_000)
      if (status === 422) expect(problem['errors']).to.be.an('array').and.not.deep.equal([])
    })
  }

  it('need a type', async () => {
    const head = 'POST /api/v1/small HTTP/1.1\r\nHost: x\r\nContent-Length: 2\r\n\r\n{}'
    expectProblem(await sendRaw(server.port, head), 415)
  })

  it('obey a route’s own limit, announced or chunked', async () => {
    const text = JSON.stringify({ text: 'x'.repeat(100) })
    expectProblem(await post('/small', text), 413)
    const head = 'POST /api/v1/small HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\n'
    const chunk = `${text.length.toString(16)}\r\n${text}\r\n`
    const chunked = `${head}Transfer-Encoding: chunked\r\n\r\n${chunk}0\r\n\r\n`
    expectProblem(await sendRaw(server.port, chunked), 413)
  })

  it('that are announced too large are refused at once, and the connection serves on', async () => {
    const type = 'Content-Type: application/json\r\nContent-Length: 5000'
    const announced = `POST /api/v1/small HTTP/1.1\r\nHost: x\r\n${type}\r\n\r\n`
    expectProblem(await sendRaw(server.port, announced), 413)
    const next = `${'x'.repeat(5_000)}GET /api/v1/items/newest HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n`
    const both = await sendRaw(server.port, announced + next, { toTheEnd: true })
    expect(both.status).to.equal(413)
    expect(both.text).to.contain('"newest":true')
  })

  it('that are cut off harm nobody', async () => {
    const head =
      'POST /api/v1/small HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\nContent-Length: 50\r\n\r\n{"te'
    const socket = await openSocket(server.port)
    socket.end(head)
    await once(socket.resume(), 'close')
    expect((await api().post('/small')).status).to.equal(200)
    expect(({} as Record<string, unknown>)['admin']).to.equal(undefined)
  })
})
