// Sends a request as it was made, byte for byte: `fetch` would tidy its path. Of a stream only the beginning is read.
import { type Agent, request as httpRequest, type IncomingMessage } from 'node:http'
import type { FuzzBody } from './fuzz-request.ts'
import type { AnswerToCheck } from './openapi-document.ts'

export interface RequestToSend {
  readonly method: string
  readonly path: string
  readonly headers: Readonly<Record<string, string>>
  readonly token: string | undefined
  readonly body: FuzzBody | undefined
}

/** A stream that has nothing to tell yet is left after this. */
const silentMs = 1_000
/** An export has no end worth waiting for. */
const maxBytesLength = 200_000

function collect(response: IncomingMessage, settle: (text: string) => void): void {
  const contentType = String(response.headers['content-type'])
  const isStream = contentType.startsWith('text/event-stream')
  const isJson = /^application\/(problem\+)?json/.test(contentType)
  let text = ''
  const leave = (): void => {
    response.destroy()
    settle(text)
  }
  const silence = isStream ? setTimeout(leave, silentMs) : undefined
  response.setEncoding('utf8')
  response.on('data', (chunk: string) => {
    text += chunk
    if (isStream && /^event: [^]*\n\n/m.test(text)) leave()
    if (!isJson && text.length > maxBytesLength) leave()
  })
  response.once('close', () => {
    clearTimeout(silence)
    settle(text)
  })
}

/** The server closed a kept connection while the request was on its way. */
class StaleConnection extends Error {}

/** Rejects when the server gives no answer. */
export async function sendFuzz(
  server: { readonly apiUrl: string; readonly agent: Agent },
  request: RequestToSend,
): Promise<AnswerToCheck> {
  for (;;) {
    try {
      return await sendOnce(server, request)
    } catch (error) {
      if (!(error instanceof StaleConnection)) throw error
    }
  }
}

function sendOnce(
  { apiUrl, agent }: { readonly apiUrl: string; readonly agent: Agent },
  { method, path, headers, token, body }: RequestToSend,
): Promise<AnswerToCheck> {
  return new Promise((resolve, reject) => {
    const bytes = body === undefined ? undefined : Buffer.from(body.text)
    const request = httpRequest(`${apiUrl}/`, {
      method,
      path,
      agent,
      headers: {
        ...headers,
        ...(token === undefined ? {} : { authorization: `Bearer ${token}` }),
        ...(body === undefined ? {} : { 'content-type': body.type, 'content-length': String(bytes?.length ?? 0) }),
      },
    })
    let answered = false
    request.once('response', (response) => {
      answered = true
      const [mediaType = ''] = (response.headers['content-type'] ?? '').split(';')
      collect(response, (text) => resolve({ status: response.statusCode ?? 0, mediaType, text }))
    })
    request.on('error', (error) => {
      if (answered) return
      const isStale = request.reusedSocket && (error as { code?: string }).code === 'ECONNRESET'
      reject(isStale ? new StaleConnection() : error)
    })
    request.end(bytes)
  })
}
