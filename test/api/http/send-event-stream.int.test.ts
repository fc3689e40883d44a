import { EventEmitter, once } from 'node:events'
import { type Server, createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { expect } from 'chai'
import { sendEventStream } from '../../../api/http/event-stream.ts'
import { openSocket } from '../../support/raw-request.ts'

async function* endless(): AsyncGenerator<{ event: string; data: string }> {
  for (;;) yield { event: 'tick', data: 'x'.repeat(100_000) }
}

describe('sendEventStream', () => {
  let server: Server | undefined
  afterEach(() => server?.close())

  it('drops a client that leaves an event untaken past the limit', async () => {
    const ended = new EventEmitter()
    server = createServer((_request, response) => {
      const options = { signal: new AbortController().signal, heartbeatMs: 1_000, stallMs: 50 }
      void sendEventStream(response, endless(), options).finally(() => ended.emit('end', response.destroyed))
    }).listen(0, '127.0.0.1')
    await once(server, 'listening')
    const socket = await openSocket((server.address() as AddressInfo).port)
    socket.pause()
    const end = once(ended, 'end')
    socket.write('GET / HTTP/1.1\r\nHost: x\r\n\r\n')
    expect(await end).to.deep.equal([true])
    socket.destroy()
  })
})
