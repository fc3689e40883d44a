// Answers that are too large, packed too well, too slow or broken: each ends at its limit, and so does its connection.
import type { Socket } from 'node:net'
import { brotliCompressSync, constants, deflateSync, gzipSync } from 'node:zlib'
import { expect } from 'chai'
import { appErrorOf } from '../../support/app-error-of.ts'
import { testEgress } from '../../support/egress-harness.ts'
import { eventually } from '../../support/eventually.ts'
import { echo, fetchFrom, serve, serveRaw, stopServers } from '../../support/outside-servers.ts'
import { rejection } from '../../support/rejection.ts'

const bomb = Buffer.alloc(16 * 1024 * 1024)
const packed: Readonly<Record<string, () => Buffer>> = {
  identity: () => bomb,
  gzip: () => gzipSync(bomb),
  br: () => brotliCompressSync(bomb, { params: { [constants.BROTLI_PARAM_QUALITY]: 5 } }),
  deflate: () => deflateSync(bomb),
  'gzip, gzip': () => gzipSync(gzipSync(bomb)),
  'gzip, br': () => brotliCompressSync(gzipSync(bomb)),
  'deflate, GZIP': () => gzipSync(deflateSync(bomb)),
}

describe('an answer from the outside', () => {
  afterEach(stopServers)

  for (const [encoding, pack] of Object.entries(packed)) {
    it(`ends at its limit, packed by ${encoding}`, async () => {
      const body = pack()
      const { url } = await serve((_request, response) => {
        response.setHeader('content-encoding', encoding)
        response.write(body.subarray(0, 1_000))
        response.end(body.subarray(1_000))
      })
      const answer = await fetchFrom(url, { maxBytes: 1_000_000 })
      let seen = 0
      const error = await appErrorOf(
        (async () => {
          for await (const chunk of answer.body) seen += chunk.length
        })(),
      )
      expect(error).to.include({ code: 'egress.too_large', retryable: false })
      expect(seen).to.be.at.most(1_000_000)
    })
  }

  it('ends at its limit when a layer inside is large and the result is empty', async () => {
    // A gzip member of nothing is 20 bytes: 3 MB of them unpack to nothing.
    const nothing = Buffer.concat(Array<Buffer>(150_000).fill(gzipSync('')))
    const { url } = await serve((_request, response) => {
      response.setHeader('content-encoding', 'gzip, gzip').end(gzipSync(nothing))
    })
    const answer = await fetchFrom(url, { maxBytes: 1_000_000 })
    expect((await appErrorOf(answer.bytes())).code).to.equal('egress.too_large')
  })

  it('is refused by its announced length, before it is read', async () => {
    const { url } = await serve((_request, response) =>
      response.writeHead(200, { 'content-length': '5000' }).write('x'),
    )
    expect((await appErrorOf(fetchFrom(url, { maxBytes: 4_999 }))).code).to.equal('egress.too_large')
  })

  it('comes whole at exactly its limit, unpacked, without the headers of the wire', async () => {
    const text = 'x'.repeat(5_000)
    const { url } = await serve((_request, response) => {
      response.setHeader('content-encoding', 'deflate, br').end(brotliCompressSync(deflateSync(text)))
    })
    const answer = await fetchFrom(url, { maxBytes: 5_000 })
    expect([...answer.headers.keys()]).to.deep.equal(['date'])
    expect(await answer.text()).to.equal(text)
  })

  it('may be empty, whatever its headers say', async () => {
    for (const status of [200, 204, 304]) {
      const { url } = await serve((_request, response) =>
        response.writeHead(status, { 'content-encoding': 'gzip' }).end(),
      )
      const method = status === 200 ? 'HEAD' : 'GET'
      expect(await (await fetchFrom(url, { method })).text(), `${status}`).to.equal('')
    }
  })

  it('fails in an encoding that isn’t known, that is stacked too high, or that is broken', async () => {
    for (const encoding of ['zstd', 'gzip, zstd', 'gzip, gzip, gzip', 'constructor', 'gzip', 'br']) {
      const { url } = await serve((_request, response) =>
        response.writeHead(200, { 'content-encoding': encoding }).end('no'),
      )
      const answer = await fetchFrom(url)
      expect(await appErrorOf(answer.text()), encoding).to.include({ code: 'egress.failed' })
    }
  })

  const slow: Readonly<Record<string, (socket: Socket) => void>> = {
    'never begins': () => undefined,
    'sends its headers by the letter': (socket) => drip(socket, 'HTTP/1.1 200 OK\r\n', 'x: y\r\n'),
    'sends its body by the letter': (socket) =>
      drip(socket, 'HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n', '1\r\nx\r\n'),
    'sends one informational answer after the other': (socket) => drip(socket, '', 'HTTP/1.1 103 Early Hints\r\n\r\n'),
    'never ends': (socket) => void socket.write('HTTP/1.1 200 OK\r\ncontent-length: 9\r\n\r\nx'),
  }
  function drip(socket: Socket, first: string, then: string): void {
    socket.write(first)
    const timer = setInterval(() => socket.write(then), 5)
    socket.on('close', () => clearInterval(timer))
  }
  for (const [what, onRequest] of Object.entries(slow)) {
    it(`that ${what} ends at its time`, async () => {
      let closed = false
      const url = await serveRaw((socket) => {
        socket.on('close', () => {
          closed = true
        })
        onRequest(socket)
      })
      const read = fetchFrom(url, { timeoutMs: 150 }).then((answer) => answer.text())
      expect(await appErrorOf(read)).to.include({ code: 'egress.timeout', retryable: true })
      await eventually('the connection is closed', () => closed)
    })
  }

  it('isn’t waited for in a look-up that takes too long, nor is one made later', async () => {
    let found: (addresses: string[]) => void = () => undefined
    const lookup = () => new Promise<string[]>((resolve) => (found = resolve))
    const { port, connections } = await serve(echo)
    const egress = testEgress({ lookup, allow: [`localhost:${port}`] })
    const error = await appErrorOf(egress.fetch(`http://localhost:${port}/`, { timeoutMs: 50 }))
    expect(error.code).to.equal('egress.timeout')
    found(['127.0.0.1'])
    await new Promise((resolve) => setImmediate(resolve))
    expect(connections()).to.equal(0)
  })

  it('ends with its caller’s signal and reason, before the head and within the body', async () => {
    const reason = new Error('not wanted any more')
    for (const [begin, head] of [
      ['HTTP/1.1 200 OK\r\ncontent-length: 9\r\n\r\nx', true],
      ['', false],
    ] as const) {
      const url = await serveRaw((socket) => void socket.write(begin))
      const controller = new AbortController()
      const answer = fetchFrom(url, { signal: controller.signal })
      const text = answer.then((it) => it.text())
      if (head) await answer
      controller.abort(reason)
      expect(await rejection(text)).to.equal(reason)
    }
    const { url, connections } = await serve(echo)
    expect(await rejection(fetchFrom(url, { signal: AbortSignal.abort(reason) }))).to.equal(reason)
    expect(connections()).to.equal(0)
  })

  it('with too many headers fails', async () => {
    const { url } = await serve((_request, response) => response.setHeader('x', 'y'.repeat(20_000)).end())
    expect((await appErrorOf(fetchFrom(url))).code).to.equal('egress.failed')
  })
})
