// Query strings, strictly: broken percent-encoding is refused instead of guessed at, and a key can't reach a prototype.
import { requireStorableText } from './storable-text.ts'

export type Query = Readonly<Record<string, string | readonly string[]>>

const decode = (part: string): string => decodeURIComponent(part.replaceAll('+', ' '))

/** A key that is given more than once has a list. Throws URIError for broken encoding, `request.malformed` for NUL. */
export function parseQuery(text: string | null | undefined): Query {
  const query: Record<string, string | string[]> = Object.create(null)
  for (const pair of (text ?? '').split('&')) {
    if (pair === '') continue
    const at = pair.indexOf('=')
    const key = decode(at === -1 ? pair : pair.slice(0, at))
    const value = at === -1 ? '' : decode(pair.slice(at + 1))
    requireStorableText(key, 'query')
    requireStorableText(value, key)
    const before = query[key]
    if (before === undefined) query[key] = value
    else if (Array.isArray(before)) before.push(value)
    else query[key] = [before, value]
  }
  return query
}
