// A host's answer as a tool gives it to a model: a few headers, and as much of the body as is of use there.
import type { EgressAnswer } from '../egress/egress-answer.ts'
import { parseStorableJson } from './storable-json.ts'

export interface HttpResult {
  readonly status: number
  readonly headers: Readonly<Record<string, string>>
  /** The value of a JSON body; other text as text; null for no body, and for one that isn't text. */
  readonly body: unknown
  /** The body's text was longer: it is cut, and stays text. */
  readonly truncated: boolean
}

/** In bytes what is read at all, in characters what is handed on. */
export const httpLimits = { maxBytes: 2 * 1024 * 1024, characters: 64 * 1024, timeoutMs: 30_000, maxRedirects: 5 }

const shownHeaders = [
  'content-type content-language date etag last-modified location retry-after link x-request-id',
  'ratelimit-limit ratelimit-remaining ratelimit-reset',
].flatMap((line) => line.split(' '))
const maxHeaderLength = 1_000

const isText = (bytes: Uint8Array): boolean => {
  try {
    new TextDecoder('utf-8', { fatal: true }).decode(bytes)
    return !bytes.includes(0)
  } catch {
    return false
  }
}

/** Throws what reading the answer throws. */
export async function toHttpResult(answer: EgressAnswer): Promise<HttpResult> {
  const { status } = answer
  const bytes = await answer.bytes()
  const headers = Object.fromEntries(
    shownHeaders.flatMap((name) => {
      const value = answer.headers.get(name)
      return value === null ? [] : [[name, value.slice(0, maxHeaderLength)]]
    }),
  )
  if (bytes.length === 0 || !isText(bytes)) return { status, headers, body: null, truncated: false }
  const text = new TextDecoder().decode(bytes)
  // The first half of a pair isn't kept without the second.
  if (text.length > httpLimits.characters) {
    const cut = text.slice(0, httpLimits.characters).replace(/[\uD800-\uDBFF]$/, '')
    return { status, headers, body: cut, truncated: true }
  }
  const isJson = /^[^;]*\bjson\b/i.test(headers['content-type'] ?? '')
  return { status, headers, body: isJson ? parseStorableJson(text) : text, truncated: false }
}
