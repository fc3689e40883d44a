import { EventEmitter, once } from 'node:events'
import { createServer } from 'node:net'
import type { AddressInfo } from 'node:net'
import { expect } from 'chai'
import { z } from 'zod'
import { type Route, type ServerSentEvent, defineRoute } from '../../api/http/route.ts'
import { StartError } from '../../platform/embedded/start-error.ts'
import type { Platform } from '../../platform/platform.ts'
import { eventually } from '../support/eventually.ts'
import { startKernelServer } from '../support/kernel-server.ts'
import { maxHeaderBytes } from '../../api/http/header-limit.ts'
import { openSocket, sendRaw } from '../support/raw-request.ts'
import { openEvents } from '../support/server-sent-events.ts'

const gate = new EventEmitter()
let running = 0
const aborts: unknown[] = []

async function* ticks(): AsyncGenerator<ServerSentEvent> {
  yield { event: 'tick', data: {} }
  await once(gate, 'never')
}

const base = { method: 'get', tag: 'slow', summary: 'Something slow', access: 'public' } as const
const routes: Route[] = [
  defineRoute({
    ...base,
    path: '/slow',
    responses: { 200: z.object({ done: z.boolean() }) },
    handle: async ({ signal }) => {
      running += 1
      signal.addEventListener('abort', () => aborts.push(signal.reason))
      await once(gate, 'go')
      running -= 1
      return { status: 200, body: { done: true } }
    },
  }),
  defineRoute({
    ...base,
    path: '/ticks',
    responses: {},
    events: { tick: z.object({}) },
    handle: async () => ({ status: 200, events: ticks() }),
  }),
]

describe('startApi', () => {
  beforeEach(() => {
    running = 0
    aborts.length = 0
  })

  it('says where it listens', async () => {
    const server = await startKernelServer({ routes })
    expect(server.url).to.equal(`http://127.0.0.1:${server.port}`)
    expect((await fetch(`${server.url}/livez`)).status).to.equal(200)
    await server.stop()
    const refused = await fetch(`${server.url}/livez`).catch((error: unknown) => error)
    expect(refused).to.be.instanceOf(Error)
  })

  it('gives an address that can be called, for hosts that can’t', async () => {
    const server = await startKernelServer({ routes, environment: { HOST: '0.0.0.0' } })
    expect(server.url).to.equal(`http://127.0.0.1:${server.port}`)
    await server.stop()
  })

  it('names PORT when the given one is taken', async () => {
    const other = createServer().listen(0, '127.0.0.1')
    await once(other, 'listening')
    const { port } = other.address() as AddressInfo
    const failure = await startKernelServer({ routes, environment: { PORT: String(port) } }).catch(
      (error: unknown) => error,
    )
    expect(failure).to.be.instanceOf(StartError)
    expect((failure as Error).message).to.contain(`PORT ${port}`)
    other.close()
  })

  it('takes the next free port where none is given', async () => {
    const first = await startKernelServer({ routes, environment: { PORT: '' } })
    const second = await startKernelServer({ routes, environment: { PORT: '' } })
    expect(first.port).to.be.within(3_000, 3_050)
    expect(second.port).to.be.within(first.port + 1, 3_050)
    await Promise.all([first.stop(), second.stop()])
  })

  it('finishes what runs, ends streams and closes idle connections, long before the grace is over', async () => {
    const server = await startKernelServer({ routes, environment: { CDSA_SHUTDOWN_GRACE_MS: '600000' } })
    const idle = await openSocket(server.port)
    const idleClosed = once(idle.resume(), 'close')
    const stream = await openEvents(`${server.url}/api/v1/ticks`)
    const slow = fetch(`${server.url}/api/v1/slow`)
    await eventually('the request runs', () => running === 1)
    const closed = server.close()
    expect(server.close()).to.equal(closed)
    const seen = []
    for await (const { event } of stream.events) seen.push(event)
    expect(seen).to.deep.equal(['tick'])
    await idleClosed
    expect(aborts).to.deep.equal([])
    gate.emit('go')
    const answer = await slow
    expect(await answer.json()).to.deep.equal({ done: true })
    await closed
    await server.stop()
  })

  it('isn’t ready any more while it closes, and closes each connection after its answer', async () => {
    // Dependencies that answer, so that only the closing makes the difference.
    const parts = { db: { query: async () => [] }, temporal: { withDeadline: async () => {} } } as unknown as Platform
    const environment = { CDSA_SHUTDOWN_GRACE_MS: '600000' }
    const server = await startKernelServer({ routes, environment, parts })
    expect((await fetch(`${server.url}/readyz`)).status).to.equal(200)
    const socket = await openSocket(server.port)
    socket.write('GET /api/v1/slow HTTP/1.1\r\nHost: x\r\n\r\n')
    await eventually('the request runs', () => running === 1)
    const closed = server.close()
    socket.write('GET /readyz HTTP/1.1\r\nHost: x\r\n\r\nGET /api/v1/slow HTTP/1.1\r\nHost: x\r\n\r\n')
    await eventually('the requests behind it are taken', () => running === 2)
    gate.emit('go')
    let text = ''
    for await (const chunk of socket) text += String(chunk)
    expect(text).to.contain('"done":true')
    expect(text).to.match(/HTTP\/1\.1 503 [^]*Connection: close[^]*"status":"unready"/)
    await closed
    await server.stop()
  })

  it('cuts off what outlives the grace, and tells it to stop', async () => {
    const server = await startKernelServer({ routes, environment: { CDSA_SHUTDOWN_GRACE_MS: '50' } })
    const slow = fetch(`${server.url}/api/v1/slow`).catch((error: unknown) => error)
    await eventually('the request runs', () => running === 1)
    await server.close()
    expect(await slow).to.be.instanceOf(Error)
    await eventually('its signal', () => aborts.length === 1)
    gate.emit('go')
    await server.stop()
  })

  it('refuses a line and headers that are longer than their bound', async () => {
    const server = await startKernelServer({ routes })
    const head = `GET /api/v1/none HTTP/1.1\r\nHost: x\r\nConnection: close\r\nX-Long: `
    const answer = await sendRaw(server.port, `${head}${'x'.repeat(maxHeaderBytes)}\r\n\r\n`, { toTheEnd: true })
    expect(answer.status).to.equal(431)
    const fits = 'x'.repeat(maxHeaderBytes - 1_000)
    expect((await sendRaw(server.port, `${head}${fits}\r\n\r\n`, { toTheEnd: true })).status).to.equal(404)
    await server.stop()
  })
})
