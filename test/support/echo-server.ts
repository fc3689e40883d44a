// What tools reach in tests: a server that keeps each request as it came, and answers with what it got but for secrets.
import { createServer } from 'node:http'
import { once } from 'node:events'
import type { AddressInfo } from 'node:net'
import { text } from 'node:stream/consumers'

export interface EchoedRequest {
  readonly method: string
  readonly path: string
  readonly headers: Readonly<Record<string, string | string[] | undefined>>
  readonly body: string
}

export interface EchoServer {
  readonly url: string
  /** `host:port` */
  readonly place: string
  readonly requests: readonly EchoedRequest[]
  /** From now on each request is held, and never answered. */
  hold(): void
  stop(): Promise<void>
}

export async function startEchoServer(): Promise<EchoServer> {
  const requests: EchoedRequest[] = []
  let isHeld = false
  const server = createServer((request, response) => {
    void text(request).then((body) => {
      const { method = '', url: path = '', headers } = request
      requests.push({ method, path, headers, body })
      if (isHeld) return
      response.writeHead(200, { 'content-type': 'application/json' })
      response.end(JSON.stringify({ method, path, body, authorization: headers.authorization }))
    })
  })
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  const place = `127.0.0.1:${(server.address() as AddressInfo).port}`
  return {
    url: `http://${place}`,
    place,
    requests,
    hold: () => {
      isHeld = true
    },
    stop: async () => {
      server.close()
      server.closeAllConnections()
    },
  }
}
