// Text that Postgres and JSON can both hold: no NUL, no half of a surrogate pair. Checked once, for every input, because
// a schema that forgets it turns a strange string into a failed statement.
import { AppError, type FieldFault } from '../../domain/errors.ts'

/** Deeper nesting has no use here, and recursion over it could exhaust the stack. */
export const maxJsonDepth = 64
/** A schema's complaint about each of a million members would hold up everybody else's requests. */
export const maxJsonMembers = 100_000
const maxFaults = 20
const loneSurrogate = /\p{Surrogate}/u

/** Which rule a string breaks, undefined when none. */
export function textFault(text: string): string | undefined {
  if (text.includes('\0')) return 'holds the character U+0000'
  return loneSurrogate.test(text) ? 'holds half of a surrogate pair' : undefined
}

/** A key that can be stored and that no assignment mistakes for a prototype. Throws `request.malformed`. */
export function requireStorableKey(key: string): void {
  if (key === '__proto__') throw new AppError('request.malformed', { detail: 'A key may not be “__proto__”.' })
  const fault = textFault(key)
  if (fault !== undefined) throw new AppError('request.malformed', { detail: `A key ${fault}.` })
}

interface Walk {
  /** The way to the value at hand; it grows and shrinks in place. */
  readonly path: string[]
  readonly faults: FieldFault[]
  members: number
}

function requireBounds({ path, members }: Walk): void {
  if (path.length > maxJsonDepth) {
    throw new AppError('request.malformed', { detail: `The body is nested deeper than ${maxJsonDepth} levels.` })
  }
  if (members > maxJsonMembers) {
    throw new AppError('request.too_large', { detail: `The body has more than ${maxJsonMembers} members.` })
  }
}

function collectFaults(value: unknown, walk: Walk): void {
  const { path, faults } = walk
  requireBounds(walk)
  if (typeof value === 'string') {
    const message = textFault(value)
    if (message !== undefined && faults.length < maxFaults) faults.push({ path: path.join('.'), message })
  }
  if (typeof value !== 'object' || value === null) return
  for (const [key, child] of Object.entries(value)) {
    if (!Array.isArray(value)) requireStorableKey(key)
    walk.members += 1
    path.push(key)
    collectFaults(child, walk)
    path.pop()
  }
}

/**
 * Checks every string of parsed JSON. Throws `request.malformed` for keys and depth, `request.too_large` for too many
 * members, `request.invalid` for values.
 */
export function requireStorableJson(value: unknown): void {
  const faults: FieldFault[] = []
  collectFaults(value, { path: [], faults, members: 0 })
  if (faults.length > 0) throw new AppError('request.invalid', { errors: faults })
}

/** Checks one value of a path or a query. Throws `request.malformed`. */
export function requireStorableText(text: string, path: string): void {
  const message = textFault(text)
  if (message !== undefined) throw new AppError('request.malformed', { errors: [{ path, message }] })
}
