// The answer as callers see it: unpacked, within its size, within the deadline, and without the secrets that were sent.
// Whoever doesn't read a body must cancel it, or it is held until the deadline.
import type { Deadline } from './deadline.ts'
import { decodeBody, tooLarge } from './decoded-body.ts'
import type { EgressSecret } from './egress-secret.ts'
import type { Exchange } from './http-exchange.ts'
import { redactBytes, redactSecrets } from './redact.ts'
import type { HttpRequest } from './redirect.ts'

export interface EgressAnswer {
  readonly status: number
  /** Without those that describe the body's way over the wire. */
  readonly headers: Headers
  /** The last one, after redirects. */
  readonly url: string
  /** Once, or one of the two below. With secrets it comes in one piece, since a secret may lie across two. */
  readonly body: AsyncIterable<Uint8Array>
  bytes(): Promise<Uint8Array>
  /** As UTF-8. */
  text(): Promise<string>
  /** For an answer that isn't read. */
  cancel(): void
}

export interface AnswerParts {
  readonly request: HttpRequest
  readonly answer: Exchange
  readonly deadline: Deadline
  readonly maxBytes: number
  readonly secrets: readonly EgressSecret[]
}

const ofTheWire = ['content-encoding', 'content-length', 'transfer-encoding', 'connection', 'keep-alive', 'trailer']

function shownHeaders(raw: Headers, values: readonly string[]): Headers {
  const headers = new Headers()
  for (const [name, value] of raw) {
    if (!ofTheWire.includes(name)) headers.append(name, redactSecrets(value, values))
  }
  return headers
}

const hasNoBody = (method: string, { status, headers }: Exchange): boolean =>
  method === 'HEAD' || status === 204 || status === 304 || headers.get('content-length') === '0'

/** Ends the connection and the deadline however the reading ends. */
async function* read({ request, answer, deadline, maxBytes }: AnswerParts): AsyncGenerator<Uint8Array> {
  const { signal } = deadline
  try {
    signal.throwIfAborted()
    if (hasNoBody(request.method, answer)) return
    const body = decodeBody(answer.body, answer.headers.get('content-encoding') ?? '', maxBytes)
    const abort = (): void => void body.destroy(signal.reason as Error)
    signal.addEventListener('abort', abort, { once: true })
    try {
      for await (const chunk of body) yield chunk as Uint8Array
    } finally {
      signal.removeEventListener('abort', abort)
    }
  } catch (error) {
    throw deadline.toError(error)
  } finally {
    answer.close()
    deadline.end()
  }
}

async function collect(body: AsyncIterable<Uint8Array>): Promise<Uint8Array> {
  const chunks: Uint8Array[] = []
  for await (const chunk of body) chunks.push(chunk)
  return Buffer.concat(chunks)
}

async function* redacted(body: AsyncIterable<Uint8Array>, values: readonly string[]): AsyncGenerator<Uint8Array> {
  yield redactBytes(await collect(body), values)
}

export function answerOf(parts: AnswerParts): EgressAnswer {
  const { request, answer, deadline, maxBytes } = parts
  const values = parts.secrets.map(({ value }) => value)
  const cancel = (): void => {
    answer.close()
    deadline.end()
  }
  if (Number(answer.headers.get('content-length') ?? 0) > maxBytes && request.method !== 'HEAD') {
    cancel()
    throw tooLarge(maxBytes)
  }
  deadline.signal.addEventListener('abort', answer.close, { once: true })
  const body = values.length === 0 ? read(parts) : redacted(read(parts), values)
  const bytes = (): Promise<Uint8Array> => collect(body)
  return {
    status: answer.status,
    headers: shownHeaders(answer.headers, values),
    url: redactSecrets(request.url.href, values),
    body,
    bytes,
    text: async () => new TextDecoder().decode(await bytes()),
    cancel,
  }
}
