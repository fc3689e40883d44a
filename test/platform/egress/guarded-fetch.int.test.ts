// Requests that are let out, to real servers on loopback: what they send, where redirects and secrets go.
import { once } from 'node:events'
import type { IncomingMessage } from 'node:http'
import type { Socket } from 'node:net'
import { expect } from 'chai'
import type { EgressFetchOptions } from '../../../platform/egress/guarded-fetch.ts'
import { ruleOf } from '../../../platform/egress/refusal.ts'
import { appErrorOf } from '../../support/app-error-of.ts'
import { startCountingServer } from '../../support/counting-server.ts'
import { testEgress } from '../../support/egress-harness.ts'
import { eventually } from '../../support/eventually.ts'
import { echo, fetchFrom, serve, serveRaw, stopServers } from '../../support/outside-servers.ts'
import { rejection } from '../../support/rejection.ts'
import { tlsCertificate } from '../../support/tls-certificate.ts'

describe('a request to the outside', () => {
  afterEach(stopServers)

  it('sends what it was given, and nothing of its own but what HTTP needs', async () => {
    const { url } = await serve(echo)
    const answer = await fetchFrom(`${url}/a?b=%20c`, { method: 'POST', headers: { 'X-One': '1' }, body: 'ünd' })
    expect(answer).to.include({ status: 200, url: `${url}/a?b=%20c` })
    expect(answer.headers.get('content-type')).to.equal('application/json')
    expect(JSON.parse(await answer.text())).to.deep.equal({
      method: 'POST',
      url: '/a?b=%20c',
      body: 'ünd',
      headers: {
        host: new URL(url).host,
        connection: 'keep-alive',
        'accept-encoding': 'gzip, br',
        'content-length': '4',
        'x-one': '1',
      },
    })
  })

  it('may be neither of an odd method, nor with a header of the connection', async () => {
    const { url, connections } = await serve(echo)
    for (const method of ['CONNECT', 'TRACE', 'get', 'GET / HTTP/1.1\r\n', '']) {
      expect(ruleOf(await rejection(fetchFrom(url, { method }))), method).to.equal('method')
    }
    expect(ruleOf(await rejection(fetchFrom(url, { headers: { host: 'x' } })))).to.equal('header.name')
    expect(ruleOf(await rejection(fetchFrom(url, { headers: { a: 'x\r\ny: z' } })))).to.equal('header.value')
    expect(connections()).to.equal(0)
  })

  it('closes its connection however it ends', async () => {
    const sockets = new Set<Socket>()
    const { url } = await serve((request, response) => {
      sockets.add(request.socket)
      request.socket.on('close', () => sockets.delete(request.socket))
      response.end('x'.repeat(100_000))
    })
    await (await fetchFrom(url)).text()
    ;(await fetchFrom(url)).cancel()
    for await (const chunk of (await fetchFrom(url)).body) if (chunk.length > 0) break
    await rejection(
      (await fetchFrom(url, { maxBytes: 200_000, timeoutMs: 20_000 }))
        .bytes()
        .then(() => Promise.reject(new Error('read'))),
    )
    await eventually('every connection is closed', () => sockets.size === 0)
  })

  it('is over TLS with the name verified, and not with another’s certificate', async () => {
    const { port } = await serve(echo, { tls: true })
    const answer = await fetchFrom(`https://localhost:${port}/`)
    expect(answer.status).to.equal(200)
    answer.cancel()
    const byAddress = await fetchFrom(`https://127.0.0.1:${port}/`)
    byAddress.cancel()
    const wrongName = await appErrorOf(
      testEgress({ allow: [`127.0.0.2:${port}`], ca: tlsCertificate.cert }).fetch(`https://127.0.0.2:${port}/`),
    )
    expect(wrongName.code).to.equal('egress.failed')
    const unknown = testEgress({ allow: [`localhost:${port}`] })
    expect((await appErrorOf(unknown.fetch(`https://localhost:${port}/`))).detail).to.include(
      'DEPTH_ZERO_SELF_SIGNED_CERT',
    )
  })

  it('fails clearly where nobody listens, or a name isn’t known, or no HTTP is spoken', async () => {
    const { url, stop } = await startCountingServer()
    await stop()
    expect(await appErrorOf(fetchFrom(url))).to.include({ code: 'egress.failed', retryable: true })
    const lookup = async (): Promise<readonly string[]> => {
      throw Object.assign(new Error('getaddrinfo ENOTFOUND x'), { code: 'ENOTFOUND' })
    }
    expect((await appErrorOf(testEgress({ lookup }).fetch('http://unknown.test/'))).detail).to.include('ENOTFOUND')
    const noHttp = await serveRaw((socket) => socket.end('SSH-2.0-x\r\n'))
    expect((await appErrorOf(fetchFrom(noHttp))).code).to.equal('egress.failed')
    const cut = await serveRaw((socket) => socket.end('HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\nabc'))
    expect((await appErrorOf(fetchFrom(cut).then((answer) => answer.text()))).code).to.equal('egress.failed')
  })
})

describe('a redirect from the outside', () => {
  afterEach(stopServers)

  const seen = async (options: EgressFetchOptions): Promise<IncomingMessage['headers']> => {
    const last = await serve(echo)
    const first = await serve((_request, response) => response.writeHead(302, { location: `${last.url}/x` }).end())
    const answer = await fetchFrom(first.url, options, last.url)
    expect(answer.url).to.equal(`${last.url}/x`)
    return (JSON.parse(await answer.text()) as { headers: IncomingMessage['headers'] }).headers
  }

  it('takes no credential and no secret to another origin', async () => {
    const headers = await seen({
      headers: { authorization: 'Bearer t', cookie: 'a=b', 'x-api-key': 'k', 'X-Anything': '1', accept: 'text/plain' },
    })
    expect(Object.keys(headers).sort()).to.deep.equal(['accept', 'accept-encoding', 'connection', 'host'])
  })

  it('is followed so often and no more', async () => {
    let asked = 0
    const { url } = await serve((_request, response) => {
      asked += 1
      response.writeHead(302, { location: '/again' }).end('ignored')
    })
    expect(ruleOf(await rejection(fetchFrom(url, { maxRedirects: 3 })))).to.equal('redirect.limit')
    expect(asked).to.equal(4)
    const asIs = await fetchFrom(url, { maxRedirects: 0 })
    expect(asIs).to.include({ status: 302 })
    expect(await asIs.text()).to.equal('ignored')
  })

  it('from https to http is refused with credentials', async () => {
    const last = await serve(echo)
    const first = await serve((_request, response) => response.writeHead(307, { location: last.url }).end(), {
      tls: true,
    })
    const options = { headers: { authorization: 'Bearer t' } }
    expect(ruleOf(await rejection(fetchFrom(first.url, options, last.url)))).to.equal('redirect.downgrade')
    expect(last.connections()).to.equal(0)
    const harmless = await fetchFrom(first.url, {}, last.url)
    harmless.cancel()
    expect(harmless.status).to.equal(200)
  })
})

describe('a secret in a request to the outside', () => {
  afterEach(stopServers)
  const secret = (...destinations: readonly string[]) => ({
    header: 'Authorization',
    prefix: 'Bearer ',
    value: 'canary-0123456789',
    destinations,
  })

  it('goes to its destinations, and comes back neither in body, headers nor URL', async () => {
    const { url } = await serve((request, response) => {
      if (request.url !== '/') return echo(request, response)
      const given = request.headers.authorization?.slice('Bearer '.length) ?? ''
      return response.writeHead(302, { location: `/next?token=${given}` }).end()
    })
    const answer = await fetchFrom(url, { secrets: [secret(url)] })
    const text = await answer.text()
    expect(text).to.include('"authorization":"Bearer [redacted]"').and.not.to.include('canary')
    expect(answer.headers.get('x-token')).to.equal('Bearer [redacted]')
    expect(answer.url).to.equal(`${url}/next?token=[redacted]`)
  })

  it('goes nowhere else: not without destinations, nor to another port or scheme, nor along a redirect', async () => {
    const last = await serve(echo)
    for (const destinations of [[], ['https://127.0.0.1'], [last.url.replace('http:', 'https:')], ['not a URL']]) {
      const error = await rejection(fetchFrom(last.url, { secrets: [secret(...destinations)] }))
      expect(ruleOf(error), destinations.join()).to.equal('secret.destination')
    }
    const followed = { ...secret(last.url), header: 'User-Agent' }
    expect(ruleOf(await rejection(fetchFrom(last.url, { secrets: [followed] })))).to.equal('header.name')
    expect(last.connections()).to.equal(0)
    const first = await serve((_request, response) => response.writeHead(302, { location: last.url }).end())
    const answer = await fetchFrom(first.url, { secrets: [secret(first.url, last.url)] }, last.url)
    expect(JSON.parse(await answer.text()).headers).not.to.have.property('authorization')
  })
})

describe('a socket to the outside', () => {
  afterEach(stopServers)

  it('is open, in the clear or over TLS', async () => {
    const plain = new URL(await serveRaw((socket) => void socket.write('pong')))
    const egress = testEgress({ allow: [plain.host] })
    const socket = await egress.connect({ host: plain.hostname, port: Number(plain.port) })
    socket.write('ping')
    expect(String((await once(socket, 'data'))[0])).to.equal('pong')
    socket.destroy()
    const { port } = await serve(echo, { tls: true })
    const secure = testEgress({ allow: [`localhost:${port}`] })
    const tls = { ca: tlsCertificate.cert }
    const overTls = await secure.connect({ host: 'localhost', port, tls })
    expect(overTls).to.include({ encrypted: true, authorized: true })
    overTls.destroy()
    expect((await appErrorOf(secure.connect({ host: 'localhost', port, tls: true }))).code).to.equal('egress.failed')
  })

  it('takes the next address where the first doesn’t answer', async () => {
    const { port } = await serve(echo)
    const lookup = async () => ['127.0.0.9', '127.0.0.1']
    const socket = await testEgress({ lookup, allow: [`localhost:${port}`] }).connect({ host: 'localhost', port })
    expect(socket.remoteAddress).to.equal('127.0.0.1')
    socket.destroy()
  })

  it('ends at its time where TLS is never spoken', async () => {
    const { host, hostname, port } = new URL(await serveRaw(() => undefined))
    const connecting = testEgress({ allow: [host] }).connect({
      host: hostname,
      port: Number(port),
      tls: true,
      timeoutMs: 50,
    })
    expect((await appErrorOf(connecting)).code).to.equal('egress.timeout')
  })
})
