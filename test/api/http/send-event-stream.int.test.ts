import { once } from 'node:events'
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
    let settle: { resolve: (destroyed: boolean) => void; reject: (error: unknown) => void } | undefined
    const ended = new Promise<boolean>((resolve, reject) => (settle = { resolve, reject }))
    server = createServer((_request, response) => {
      const options = { signal: new AbortController().signal, heartbeatMs: 1_000, stallMs: 50 }
      sendEventStream(response, endless(), options).then(() => settle?.resolve(response.destroyed), settle?.reject)
    }).listen(0, '127.0.0.1')
    await once(server, 'listening')
    const socket = await openSocket((server.address() as AddressInfo).port)
    socket.pause()
    socket.write('GET / HTTP/1.1\r\nHost: x\r\n\r\n')
    expect(await ended).to.equal(true)
    socket.destroy()
  })
})
