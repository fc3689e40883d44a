// JSON in the one form that can be hashed (RFC 8785): what two programs call equal, they write as the same bytes. What has
// no such form is refused instead of written in some way, because a commitment to it could never be checked.
import { AppError } from '../errors.ts'

const loneSurrogate = /\p{Surrogate}/u

function refuse(what: string): never {
  throw new AppError('internal', { detail: `${what} has no canonical JSON form.` })
}

/** ECMAScript's escapes and those of RFC 8785 are the same ones. */
const quote = (text: string): string =>
  loneSurrogate.test(text) ? refuse('Half of a surrogate pair') : JSON.stringify(text)

function writeObject(value: object): string {
  const prototype: unknown = Object.getPrototypeOf(value)
  if (prototype !== Object.prototype && prototype !== null) refuse('An object of a class')
  // The default order compares UTF-16 code units, as the RFC wants it.
  const names = Object.keys(value).sort()
  const members = value as Readonly<Record<string, unknown>>
  return `{${names.map((name) => `${quote(name)}:${canonicalize(members[name])}`).join(',')}}`
}

/**
 * The canonical text of a JSON value. Throws `internal` for what isn't one: undefined (also as a member or an element),
 * NaN and the infinities, half of a surrogate pair, an object of a class such as Date.
 */
export function canonicalize(value: unknown): string {
  if (value === null || typeof value === 'boolean') return String(value)
  if (typeof value === 'string') return quote(value)
  if (typeof value === 'number') return Number.isFinite(value) ? String(value) : refuse('A number that isn’t finite')
  if (Array.isArray(value)) return `[${Array.from(value, canonicalize).join(',')}]`
  return typeof value === 'object' ? writeObject(value) : refuse(`A value of type ${typeof value}`)
}
