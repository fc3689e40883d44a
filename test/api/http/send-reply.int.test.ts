import { Readable } from 'node:stream'
import { expect } from 'chai'
import request from 'supertest'
import { z } from 'zod'
import { type Route, defineRoute } from '../../../api/http/route.ts'
import { AppError } from '../../../domain/errors.ts'
import { expectProblem } from '../../support/expect-problem.ts'
import { type KernelServer, startKernelServer } from '../../support/kernel-server.ts'

const base = { tag: 'answers', summary: 'An answer' } as const

const routes: Route[] = [
  defineRoute({
    ...base,
    method: 'get',
    path: '/bytes',
    access: 'public',
    query: z.object({ fail: z.enum(['early', 'late']).optional() }),
    responses: { 200: null },
    handle: async (_context, { query }) => ({
      status: 200,
      headers: { 'Content-Type': 'application/pdf' },
      bytes: Readable.from(
        (async function* () {
          if (query.fail === 'early') throw new AppError('resource.not_found')
          yield 'x'.repeat(100_000)
          if (query.fail === 'late') throw new Error('lost the disk')
          yield 'end'
        })(),
      ),
    }),
  }),
  defineRoute({
    ...base,
    method: 'get',
    path: '/faulty',
    access: 'public',
    query: z.object({ how: z.string() }),
    responses: { 200: z.object({ id: z.string(), nested: z.object({ a: z.number() }).optional() }) },
    handle: async (_context, { query }) => {
      const answers: Record<string, unknown> = {
        missing: {},
        extra: { id: '1', passwordHash: 'hunter2' },
        deep: { id: '1', nested: { a: 1, passwordHash: 'hunter2' } },
        good: { id: '1', nested: { a: 1 } },
      }
      if (query.how === 'throw') throw new TypeError('hunter2 is undefined')
      if (query.how === 'limited') throw new AppError('llm.rate_limited', { retryAfterMs: 1_200 })
      if (query.how === 'undeclared') return { status: 202, body: { id: '1' } }
      return { status: 200, body: answers[query.how] }
    },
  }),
]

describe('replies', () => {
  let server: KernelServer
  const api = () => request(`${server.url}/api/v1`)

  before(async () => {
    server = await startKernelServer({ routes })
  })
  after(() => server.stop())

  it('may be bytes', async () => {
    const response = await api().get('/bytes')
    expect(response.headers).to.include({ 'content-type': 'application/pdf' })
    expect((response.body as Buffer).length).to.equal(100_003)
    expect((await api().head('/bytes')).status).to.equal(200)
  })

  it('are a problem when their source fails at once, and cut when it fails later', async () => {
    expectProblem(await api().get('/bytes?fail=early'), 404)
    const cut = await fetch(`${server.url}/api/v1/bytes?fail=late`)
    expect(cut.status).to.equal(200)
    expect(await cut.text().catch(() => 'cut')).to.equal('cut')
  })

  it('fail loudly when they aren’t what their contract says', async () => {
    expect((await api().get('/faulty?how=good')).body).to.deep.equal({ id: '1', nested: { a: 1 } })
    for (const how of ['missing', 'extra', 'deep', 'undeclared']) {
      expectProblem(await api().get(`/faulty?how=${how}`), 500)
    }
    expect(server.logLines.some((line) => line.includes('holds more than its schema names'))).to.equal(true)
  })

  it('in production leave out what the contract doesn’t name', async () => {
    const production = await startKernelServer({ routes, environment: { NODE_ENV: 'production' } })
    try {
      const faulty = (how: string) => request(`${production.url}/api/v1`).get(`/faulty?how=${how}`)
      expect((await faulty('deep')).body).to.deep.equal({ id: '1', nested: { a: 1 } })
      expect((await faulty('extra')).body).to.deep.equal({ id: '1' })
      expect((await faulty('missing')).body).to.deep.equal({})
      expect(production.logLines.filter((line) => line.includes('schema'))).to.have.length(3)
    } finally {
      await production.stop()
    }
  })

  it('hide what failed, and the log has it without its message', async () => {
    const problem = expectProblem(await api().get('/faulty?how=throw').set('x-request-id', 'faulty-1'), 500)
    expect(problem).to.include({ code: 'internal' }).and.not.have.property('detail')
    const line = server.logLines.find((text) => text.includes('faulty-1') && text.includes('a request failed'))
    expect(line).to.contain('TypeError').and.contain('send-reply').and.not.contain('hunter2')
  })

  it('say when to come again', async () => {
    const response = await api().get('/faulty?how=limited')
    expectProblem(response, 429)
    expect(response.headers['retry-after']).to.equal('2')
  })
})
