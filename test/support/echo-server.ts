// What tools reach in tests: a server that keeps each request as it came, and answers with what it got, its credential too,
// which must not come through; below `/reflect` in every form that a host may give it back in.
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

function reflectionOf(text: string) {
  const base64 = Buffer.from(text).toString('base64')
  const url = encodeURIComponent(text)
  const pair = Buffer.from(`user:${text}`).toString('base64url')
  return { text, base64, url, pair, lower: url.toLowerCase(), form: new URLSearchParams({ text }).toString() }
}

export async function startEchoServer(): Promise<EchoServer> {
  const requests: EchoedRequest[] = []
  let isHeld = false
  const server = createServer((request, response) => {
    void text(request).then((body) => {
      const { method = '', url: path = '', headers } = request
      requests.push({ method, path, headers, body })
      if (isHeld) return
      const { authorization } = headers
      const reflection = path.startsWith('/reflect') ? reflectionOf(authorization?.replace('Bearer ', '') ?? '') : null
      const reflected = reflection && { 'x-request-id': reflection.text, etag: `"${reflection.base64}"` }
      response.writeHead(200, { 'content-type': 'application/json', ...reflected })
      response.end(JSON.stringify({ method, path, body, authorization, ...reflection }))
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
