// Servers that stand for the outside world, on loopback, and requests that the guard lets out to them alone.
import { once } from 'node:events'
import type { RequestListener } from 'node:http'
import { type AddressInfo, createServer, type Socket } from 'node:net'
import type { EgressAnswer } from '../../platform/egress/egress-answer.ts'
import type { EgressFetchOptions } from '../../platform/egress/guarded-fetch.ts'
import { type CountingServer, startCountingServer } from './counting-server.ts'
import { testEgress } from './egress-harness.ts'
import { tlsCertificate } from './tls-certificate.ts'

const started: { stop(): Promise<void> }[] = []

export async function serve(listener: RequestListener, options?: { readonly tls: boolean }): Promise<CountingServer> {
  const server = await startCountingServer(listener, options)
  started.push(server)
  return server
}

/** A server that isn’t held to HTTP; it speaks when it has been spoken to. */
export async function serveRaw(onRequest: (socket: Socket) => void): Promise<string> {
  const sockets = new Set<Socket>()
  const server = createServer((socket) => {
    sockets.add(socket)
    socket.on('error', () => undefined)
    socket.once('data', () => onRequest(socket))
  })
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  started.push({
    stop: async () => {
      for (const socket of sockets) socket.destroy()
      server.close()
      await once(server, 'close')
    },
  })
  return `http://127.0.0.1:${(server.address() as AddressInfo).port}`
}

/** Only this URL’s host and port, and those of `others`, are open. */
export const fetchFrom = (
  url: string,
  options: EgressFetchOptions = {},
  ...others: readonly string[]
): Promise<EgressAnswer> =>
  testEgress({ allow: [url, ...others].map((one) => new URL(one).host), ca: tlsCertificate.cert }).fetch(url, options)

/** Answers with what it was sent. */
export const echo: RequestListener = (request, response) => {
  const chunks: Buffer[] = []
  request.on('data', (chunk: Buffer) => chunks.push(chunk))
  request.on('end', () => {
    const { method, url, headers } = request
    response.setHeader('content-type', 'application/json').setHeader('x-token', headers.authorization ?? '')
    response.end(JSON.stringify({ method, url, headers, body: Buffer.concat(chunks).toString() }))
  })
}

/** For an `afterEach`: ends what was served. */
export async function stopServers(): Promise<void> {
  for (const server of started.splice(0)) await server.stop()
}
