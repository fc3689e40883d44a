// One request and the head of its answer, over one socket that was opened for it. undici does the HTTP and never connects:
// its own way to connect skips `lookup` for literals, pools, and would follow its own rules.
import type { Readable } from 'node:stream'
import type { Socket } from 'node:net'
import { acceptedEncodings } from './decoded-body.ts'
import type { HttpRequest } from './redirect.ts'

export interface Exchange {
  readonly status: number
  readonly headers: Headers
  /** As it comes over the wire. */
  readonly body: Readable
  /** Ends the connection. Call it on every path. */
  close(): void
}

const maxHeaderBytes = 16_384

function toHeaders(raw: Readonly<Record<string, string | string[] | undefined>>): Headers {
  const headers = new Headers()
  for (const [name, value] of Object.entries(raw)) {
    for (const one of [value ?? []].flat()) headers.append(name, one)
  }
  return headers
}

/** Throws undici's errors, or the signal's reason. The socket is closed then. */
export async function exchange(request: HttpRequest, socket: Socket, signal: AbortSignal): Promise<Exchange> {
  const { Client } = await import('undici')
  const { url, method, headers, body } = request
  let unused: Socket | undefined = socket
  const client = new Client(url.origin, {
    connect: (_options, callback) => {
      const given = unused
      unused = undefined
      // Not before it returns: undici only marks itself as connecting then.
      queueMicrotask(() => (given === undefined ? callback(new Error('It is closed.'), null) : callback(null, given)))
    },
    maxHeaderSize: maxHeaderBytes,
    // The one deadline ends whatever hangs.
    headersTimeout: 0,
    bodyTimeout: 0,
  })
  const close = (): void => {
    socket.destroy()
    void client.destroy().catch(() => undefined)
  }
  try {
    const answer = await client.request({
      path: `${url.pathname}${url.search}`,
      method,
      headers: { 'accept-encoding': acceptedEncodings, ...headers },
      body: body ?? null,
      signal,
    })
    // Read or not, its end must not be an error that nobody catches.
    answer.body.on('error', () => undefined)
    return { status: answer.statusCode, headers: toHeaders(answer.headers), body: answer.body, close }
  } catch (error) {
    close()
    throw error
  }
}
