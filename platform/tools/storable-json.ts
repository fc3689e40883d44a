// JSON from outside that becomes part of a result, or a call’s arguments. It is stored by Postgres, walked by recursion and
// checked by schemas, so that what one of them doesn’t take stays the text that it came as.

const maxDepth = 64

function isStorable(value: unknown, depth = 0): boolean {
  // No text of Postgres holds a NUL, and no UTF-8 half of a surrogate pair.
  if (typeof value === 'string') return !/\0|\p{Surrogate}/u.test(value)
  if (typeof value !== 'object' || value === null) return true
  // What is read with this name isn’t what was written: no body of a request may hold it either.
  if (Object.hasOwn(value, '__proto__') || depth >= maxDepth) return false
  return Object.entries(value).every(([key, child]) => isStorable(key) && isStorable(child, depth + 1))
}

/** The value, or the text where it is no JSON, too deep, or holds what can't be stored. */
export function parseStorableJson(text: string): unknown {
  try {
    const value: unknown = JSON.parse(text)
    return isStorable(value) ? value : text
  } catch {
    return text
  }
}
