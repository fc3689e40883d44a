// A real HTTP(S) server that counts the connections it gets: what must not be reached must count none, whatever is sent.
// Its answers are written by the test.
import { once } from 'node:events'
import { createServer, type RequestListener } from 'node:http'
import { createServer as createTlsServer } from 'node:https'
import type { AddressInfo } from 'node:net'
import { tlsCertificate } from './tls-certificate.ts'

export interface CountingServer {
  readonly port: number
  /** On 127.0.0.1. */
  readonly url: string
  /** Opened so far. */
  connections(): number
  stop(): Promise<void>
}

const answerOk: RequestListener = (_request, response) => void response.end('reached')

export async function startCountingServer(
  listener: RequestListener = answerOk,
  { tls = false, host = '127.0.0.1' }: { readonly tls?: boolean; readonly host?: string } = {},
): Promise<CountingServer> {
  const server = tls ? createTlsServer(tlsCertificate, listener) : createServer(listener)
  let connections = 0
  server.on('connection', () => {
    connections += 1
  })
  server.listen(0, host)
  await once(server, 'listening')
  const { port } = server.address() as AddressInfo
  return {
    port,
    url: `${tls ? 'https' : 'http'}://127.0.0.1:${port}`,
    connections: () => connections,
    stop: async () => {
      server.closeAllConnections()
      server.close()
      await once(server, 'close')
    },
  }
}
