import { once } from 'node:events'
import { expect } from 'chai'
import { z } from 'zod'
import { type Route, type ServerSentEvent, defineRoute } from '../../../api/http/route.ts'
import { eventually } from '../../support/eventually.ts'
import { type KernelServer, startKernelServer } from '../../support/kernel-server.ts'
import { openSocket } from '../../support/raw-request.ts'
import { openEvents } from '../../support/server-sent-events.ts'

/** What each stream has done so far, by the name that its request gave it. */
const produced = new Map<string, { events: number; returned: boolean; aborted: boolean }>()
const streamOf = (name: string) => produced.get(name) ?? { events: 0, returned: false, aborted: false }

interface Kind {
  readonly name: string
  readonly count: number
  readonly size: number
  readonly end: 'finish' | 'hang' | 'fail' | 'drift'
}

async function* produce({ name, count, size, end }: Kind, signal: AbortSignal): AsyncGenerator<ServerSentEvent> {
  const state = streamOf(name)
  produced.set(name, state)
  signal.addEventListener('abort', () => (state.aborted = true))
  try {
    for (let index = 1; index <= count; index += 1) {
      state.events += 1
      yield { id: String(index), event: 'tick', data: { index, text: 'x'.repeat(size) } }
    }
    if (end === 'drift') yield { event: 'tick', data: { index: 'hunter2' } }
    if (end === 'fail') throw new Error('hunter2')
    if (end === 'hang' && !signal.aborted) await once(signal, 'abort')
  } finally {
    state.returned = true
  }
}

const events = { tick: z.object({ index: z.number(), text: z.string() }) }
const query = z.object({
  name: z.string(),
  count: z.coerce.number().default(3),
  size: z.coerce.number().default(1),
  end: z.enum(['finish', 'hang', 'fail', 'drift']).default('finish'),
})
const base = { tag: 'streams', summary: 'A stream', access: 'public', query, events } as const

const routes: Route[] = [
  defineRoute({
    ...base,
    method: 'get',
    path: '/streams',
    responses: { 204: null },
    handle: async ({ signal }, { query, lastEventId }) =>
      lastEventId === 'end' ? { status: 204 } : { status: 200, events: produce(query, signal) },
  }),
  defineRoute({
    ...base,
    method: 'post',
    path: '/streams',
    responses: { 202: z.object({ name: z.string() }) },
    handle: async ({ signal }, { query }) => ({
      status: 202,
      body: { name: query.name },
      events: produce(query, signal),
    }),
  }),
]

describe('event streams', () => {
  let server: KernelServer
  const open = (search: string, options = {}) => openEvents(`${server.url}/api/v1/streams?name=${search}`, options)

  before(async () => {
    server = await startKernelServer({ routes, environment: { CDSA_SSE_HEARTBEAT_MS: '20' } })
  })
  after(() => server.stop())

  it('send what their source gives, and end with it', async () => {
    const stream = await open('plain')
    expect(stream.status).to.equal(200)
    expect(stream.headers.get('content-type')).to.match(/^text\/event-stream/)
    expect(stream.headers.get('x-accel-buffering')).to.equal('no')
    expect(stream.headers.get('cache-control')).to.equal('no-store')
    const seen = []
    for await (const event of stream.events) seen.push(event)
    expect(seen.map(({ id, event }) => `${id} ${event}`)).to.deep.equal(['1 tick', '2 tick', '3 tick'])
    expect(JSON.parse(seen[0]?.data ?? '')).to.deep.equal({ index: 1, text: 'x' })
  })

  it('are never compressed', async () => {
    const stream = await open('large&count=20&size=1000', { headers: { 'accept-encoding': 'gzip, br' } })
    expect(stream.headers.get('content-encoding')).to.equal(null)
    stream.close()
  })

  it('show themselves before their first event, and a heartbeat while there is none', async () => {
    const stream = await open('silent&count=0&end=hang')
    const reading = (async () => {
      for await (const { event } of stream.events) throw new Error(`there is an event: ${event}`)
    })()
    await eventually('three heartbeats', () => stream.comments.length >= 3)
    expect(stream.comments[0]?.trim()).to.equal('heartbeat')
    stream.close()
    await reading
  })

  it('are 204 past their end, whatever the client accepts', async () => {
    const past = await open('past', { lastEventId: 'end' })
    expect(past.status).to.equal(204)
    const plain = await fetch(`${server.url}/api/v1/streams?name=plain2`, { headers: { accept: 'application/json' } })
    expect(plain.headers.get('content-type')).to.match(/^text\/event-stream/)
    expect(await plain.text()).to.contain('id: 3')
  })

  it('come instead of JSON only to who asks for them', async () => {
    const json = await fetch(`${server.url}/api/v1/streams?name=both`, { method: 'POST' })
    expect(json.status).to.equal(202)
    expect(await json.json()).to.deep.equal({ name: 'both' })
    expect(produced.has('both')).to.equal(false)
    const stream = await open('asked', { method: 'POST' })
    expect(stream.status).to.equal(200)
    const ids = []
    for await (const { id } of stream.events) ids.push(id)
    expect(ids).to.deep.equal(['1', '2', '3'])
  })

  it('answer HEAD with their headers alone', async () => {
    const response = await fetch(`${server.url}/api/v1/streams?name=head`, { method: 'HEAD' })
    expect(response.status).to.equal(200)
    expect(response.headers.get('content-type')).to.match(/^text\/event-stream/)
    expect(produced.has('head')).to.equal(false)
  })

  it('stop their source when the client goes', async () => {
    const stream = await open('left&count=1&end=hang')
    await eventually('the first event', () => streamOf('left').events === 1)
    stream.close()
    await eventually('the end of the source', () => streamOf('left').returned && streamOf('left').aborted)
  })

  it('wait for a client that doesn’t read, instead of gathering what it doesn’t', async () => {
    const socket = await openSocket(server.port)
    socket.pause()
    socket.write('GET /api/v1/streams?name=slow&count=600&size=100000 HTTP/1.1\r\nHost: x\r\n\r\n')
    // The source stands still once the buffers between it and the client are full: of 60 MB it has made a few.
    let last = 0
    let unchanged = 0
    await eventually('the source stands still', () => {
      const { events } = streamOf('slow')
      unchanged = events > 0 && events === last ? unchanged + 1 : 0
      last = events
      return unchanged === 20
    })
    expect(last).to.be.below(300)
    let received = 0
    socket.on('data', (chunk: Buffer) => (received += chunk.length))
    socket.resume()
    await eventually('everything arrives once the client reads', () => received > 60_000_000)
    expect(streamOf('slow')).to.include({ events: 600, returned: true })
    socket.destroy()
  })

  it('stop a source that stands still when the client goes without having read', async () => {
    const socket = await openSocket(server.port)
    socket.pause()
    socket.write('GET /api/v1/streams?name=stuck&count=600&size=100000 HTTP/1.1\r\nHost: x\r\n\r\n')
    await eventually('the stream has begun', () => streamOf('stuck').events > 1)
    socket.destroy()
    await eventually('the end of the source', () => streamOf('stuck').returned)
    expect(streamOf('stuck').events).to.be.below(600)
  })

  it('cut the connection when their source fails, so that the client comes again', async () => {
    for (const end of ['fail', 'drift']) {
      const stream = await open(`broken-${end}&end=${end}`)
      const seen = []
      let failure: unknown
      try {
        for await (const { id, data } of stream.events) seen.push(id, data)
      } catch (error) {
        failure = error
      }
      expect(failure, end).to.be.instanceOf(Error)
      expect(seen.join(' ')).not.to.contain('hunter2')
    }
    expect(server.logLines.filter((line) => line.includes('a request failed'))).to.have.length(2)
    expect(server.logLines.join('')).not.to.contain('hunter2')
  })

  it('are counted while they are open', async () => {
    const stream = await open('counted&count=0&end=hang')
    const metric = async () => (await fetch(`${server.url}/metrics`)).text()
    await eventually('one is open', async () => /^http_event_streams_open 1$/m.test(await metric()))
    stream.close()
    await eventually('none is open', async () => /^http_event_streams_open 0$/m.test(await metric()))
  })
})
