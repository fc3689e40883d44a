import { randomUUID } from 'node:crypto'
import { EventEmitter, once } from 'node:events'
import { expect } from 'chai'
import { z } from 'zod'
import { type Route, defineRoute } from '../../../api/http/route.ts'
import { AppError } from '../../../domain/errors.ts'
import { type TestDatabase, startTestDatabase } from '../../support/database.ts'
import { eventually } from '../../support/eventually.ts'
import { expectProblem } from '../../support/expect-problem.ts'
import { type KernelServer, as, startKernelServer } from '../../support/kernel-server.ts'

/** The resource ids that each request's handler was given, by the text of its body. */
const runs = new Map<string, string[]>()
const runsOf = (text: string): readonly string[] => runs.get(text) ?? []
const gate = new EventEmitter()

async function make(text: string, resourceId: string): Promise<{ id: string; text: string }> {
  runs.set(text, [...runsOf(text), resourceId])
  if (text.startsWith('wait')) await once(gate, text)
  if (text.startsWith('fail') && runsOf(text).length === 1) throw new AppError('service.unavailable')
  return { id: resourceId, text }
}

const body = z.strictObject({ text: z.string(), size: z.number().optional() })
const thing = z.object({ thing: z.object({ id: z.string(), text: z.string() }) })
const base = { method: 'post', tag: 'things', summary: 'A thing' } as const

const routes: Route[] = [
  defineRoute({
    ...base,
    path: '/things',
    access: 'signed-in',
    body,
    responses: { 201: thing },
    idempotent: { keep: 'answer' },
    handle: async ({ newResourceId }, { body }) => ({
      status: 201,
      body: { thing: await make(body.text, newResourceId) },
      headers: { ETag: '"1"' },
    }),
  }),
  defineRoute({
    ...base,
    path: '/boxes/{box}/things',
    access: 'signed-in',
    params: z.object({ box: z.string() }),
    body,
    responses: { 202: thing },
    idempotent: { keep: 'answer' },
    handle: async ({ newResourceId }, { body }) => ({
      status: 202,
      body: { thing: await make(body.text, newResourceId) },
    }),
  }),
  defineRoute({
    ...base,
    path: '/accounts',
    access: 'public',
    body,
    responses: { 201: thing },
    idempotent: { keep: 'id' },
    handle: async ({ newResourceId }, { body }) => ({
      status: 201,
      body: { thing: await make(body.text, newResourceId) },
    }),
  }),
  defineRoute({
    ...base,
    path: '/files',
    access: 'signed-in',
    multipart: true,
    responses: { 202: thing },
    idempotent: { keep: 'answer' },
    handle: async ({ newResourceId }, { file }) => ({
      status: 202,
      body: { thing: await make(file?.sha256 ?? '', newResourceId) },
    }),
  }),
]

describe('Idempotency-Key', () => {
  let database: TestDatabase
  let server: KernelServer

  before(async function () {
    this.timeout(120_000)
    database = await startTestDatabase()
    server = await startKernelServer({ routes, db: database.db })
  })
  after(async () => {
    await server.stop()
    await database.stop()
  })

  interface Sent {
    readonly key?: string
    readonly body: unknown
    readonly user?: string
  }
  const post = async (path: string, { key, body, user = 'u1' }: Sent) => {
    const isForm = body instanceof FormData
    const response = await fetch(`${server.url}/api/v1${path}`, {
      method: 'POST',
      headers: {
        ...as(user),
        ...(key === undefined ? {} : { 'idempotency-key': key }),
        ...(isForm ? {} : { 'content-type': 'application/json' }),
      },
      body: isForm ? body : JSON.stringify(body),
    })
    return { status: response.status, headers: Object.fromEntries(response.headers), text: await response.text() }
  }

  it('gives a repeat the first answer, with its status and headers', async () => {
    const [key, text] = [randomUUID(), randomUUID()]
    const first = await post('/things', { key, body: { text, size: 1 } })
    const repeat = await post('/things', { key, body: { size: 1, text } })
    expect(first.status, first.text).to.equal(201)
    expect(repeat.status).to.equal(201)
    expect(JSON.parse(repeat.text)).to.deep.equal(JSON.parse(first.text))
    expect(repeat.headers).to.include({ etag: '"1"', 'idempotent-replayed': 'true' })
    expect(first.headers).not.to.have.property('idempotent-replayed')
    expect(runsOf(text)).to.have.length(1)
    expect(runsOf(text)[0]).to.equal(JSON.parse(first.text).thing.id)
  })

  it('runs every request that has no key', async () => {
    const text = randomUUID()
    await post('/things', { body: { text } })
    await post('/things', { body: { text } })
    expect(new Set(runsOf(text)).size).to.equal(2)
  })

  it('runs one of twenty equal requests at once', async () => {
    const [key, text] = [randomUUID(), `wait ${randomUUID()}`]
    const sent = Array.from({ length: 20 }, () => post('/things', { key, body: { text } }))
    let answered = 0
    for (const one of sent) void one.then(() => (answered += 1))
    await eventually('all others are refused', () => answered === 19)
    gate.emit(text)
    const answers = await Promise.all(sent)
    expect(answers.filter(({ status }) => status === 201)).to.have.length(1)
    for (const answer of answers.filter(({ status }) => status !== 201)) {
      expect(expectProblem(answer, 409)['code']).to.equal('idempotency.in_flight')
      expect(answer.headers['retry-after']).to.equal('1')
    }
    expect(runsOf(text)).to.have.length(1)
    expect((await post('/things', { key, body: { text } })).status).to.equal(201)
    expect(runsOf(text)).to.have.length(1)
  })

  it('refuses another body under the same key', async () => {
    const [key, text] = [randomUUID(), randomUUID()]
    await post('/things', { key, body: { text } })
    const other = expectProblem(await post('/things', { key, body: { text, size: 2 } }), 422)
    expect(other['code']).to.equal('idempotency.mismatch')
    expectProblem(await post('/things?x=1', { key, body: { text } }), 422)
  })

  it('counts per account and per concrete path', async () => {
    const [key, text] = [randomUUID(), randomUUID()]
    for (const user of ['u1', 'u2']) expect((await post('/things', { key, user, body: { text } })).status).to.equal(201)
    for (const box of ['a', 'b']) {
      expect((await post(`/boxes/${box}/things`, { key, body: { text } })).status).to.equal(202)
    }
    expect(runsOf(text)).to.have.length(4)
    expect((await post('/boxes/a/things', { key, body: { text } })).headers).to.have.property('idempotent-replayed')
  })

  it('runs a failed request again, for the same resource', async () => {
    const [key, text] = [randomUUID(), `fail ${randomUUID()}`]
    expectProblem(await post('/things', { key, body: { text } }), 503)
    expect((await post('/things', { key, body: { text } })).status).to.equal(201)
    expect(runsOf(text)).to.have.length(2)
    expect(new Set(runsOf(text)).size).to.equal(1)
  })

  it('lets a request that broke its schema be corrected', async () => {
    const [key, text] = [randomUUID(), randomUUID()]
    expectProblem(await post('/things', { key, body: { text, owner: 'x' } }), 422)
    expect((await post('/things', { key, body: { text } })).status).to.equal(201)
  })

  it('tells only the id where the answer isn’t kept', async () => {
    const [key, text] = [randomUUID(), randomUUID()]
    const first = await post('/accounts', { key, body: { text } })
    const problem = expectProblem(await post('/accounts', { key, body: { text } }), 409)
    expect(problem).to.include({ code: 'idempotency.already_done', resourceId: JSON.parse(first.text).thing.id })
    const rows = await database.owner.query('select * from idempotency_keys where key = $1', [key])
    expect(JSON.stringify(rows)).not.to.contain(text)
    expect(JSON.stringify(rows)).not.to.contain('127.0.0.1')
  })

  it('judges an upload by its bytes', async () => {
    const key = randomUUID()
    const form = (content: string): FormData => {
      const made = new FormData()
      made.append('file', new Blob([content]), 'a.txt')
      return made
    }
    const first = await post('/files', { key, body: form(key) })
    expect(first.status, first.text).to.equal(202)
    const repeat = await post('/files', { key, body: form(key) })
    expect(JSON.parse(repeat.text)).to.deep.equal(JSON.parse(first.text))
    expectProblem(await post('/files', { key, body: form('other') }), 422)
  })

  it('refuses a key that is none, before anything is done', async () => {
    const text = randomUUID()
    for (const key of ['', 'a b', 'x'.repeat(256)]) {
      expectProblem(await post('/things', { key, body: { text } }), 400)
    }
    expect(runsOf(text)).to.have.length(0)
  })
})
