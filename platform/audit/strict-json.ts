// Reads JSON that stands in for what was hashed: texts that JSON.parse takes for the same value as another one are
// refused, so that no change of the text goes unseen. Spaces between members, as other programs write them, are allowed.

/** A text that could be read in two ways; the message is the end of a sentence about it. */
export class StrictJsonError extends Error {
  override readonly name = 'StrictJsonError'
}

const strings = /"[^"\\]*(?:\\.[^"\\]*)*"/g

/** JSON.parse keeps the last of two members of one name, others the first. */
function countMembers(value: unknown): number {
  if (typeof value !== 'object' || value === null) return 0
  const children = Object.values(value).reduce<number>((sum, child) => sum + countMembers(child), 0)
  return children + (Array.isArray(value) ? 0 : Object.keys(value).length)
}

const hasUppercaseEscape = (text: string): boolean =>
  [...text.matchAll(/\\(?:u([0-9A-Fa-f]{4})|.)/g)].some(([, digits = '']) => /[A-F]/.test(digits))

function parse(text: string): unknown {
  try {
    return JSON.parse(text) as unknown
  } catch {
    throw new StrictJsonError('isn’t JSON')
  }
}

/** The value of a JSON text. Throws StrictJsonError. */
export function parseStrictJson(text: string): unknown {
  const value = parse(text)
  const outside = text.replaceAll(strings, '')
  if (/[\t\r\n]|^ | $/.test(text)) throw new StrictJsonError('has white space that it shouldn’t have')
  if ((outside.match(/:/g) ?? []).length !== countMembers(value)) throw new StrictJsonError('names a member twice')
  for (const [number] of outside.matchAll(/[-\d][-+.\deE]*/g))
    if (String(Number(number)) !== number)
      throw new StrictJsonError('has a number that isn’t written as RFC 8785 wants')
  if (hasUppercaseEscape(text)) throw new StrictJsonError('has an escape that isn’t written as RFC 8785 wants')
  return value
}
