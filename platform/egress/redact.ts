// Takes secrets out of what comes back: hosts echo headers, and error pages quote the request. Found are the exact value and
// the forms that text travels in; what a host computes from a secret can't be found.

const mark = '[redacted]'
/** A shorter piece of base64 would stand in any text. */
const shortestPiece = 8

/** What stays the same of `bytes` in base64, however many bytes stand in front of them and after them. */
function base64Pieces(bytes: Buffer): string[] {
  const pieces = [0, 1, 2].map((before) => {
    const text = Buffer.concat([Buffer.alloc(before), bytes])
      .toString('base64')
      .replace(/=+$/, '')
    const whole = Math.floor(((before + bytes.length) * 8) / 6)
    return text.slice(Math.ceil((before * 8) / 6), whole)
  })
  return pieces.filter((piece) => piece.length >= shortestPiece)
}

const toBase64Url = (text: string): string => text.replaceAll('+', '-').replaceAll('/', '_')
const lowerCaseEscapes = (text: string): string => text.replaceAll(/%[0-9A-F]{2}/g, (escape) => escape.toLowerCase())

/** All forms of one value; a lone surrogate has no URL form. */
function formsOf(value: string): string[] {
  const bytes = Buffer.from(value)
  const url = /\p{Surrogate}/u.test(value) ? value : encodeURIComponent(value)
  const form = new URLSearchParams([['', value]]).toString().slice(1)
  const json = JSON.stringify(value).slice(1, -1)
  const plain = [value, url, form, lowerCaseEscapes(url), lowerCaseEscapes(form), json, json.replaceAll('/', '\\/')]
  const base64 = [bytes.toString('base64').replace(/=+$/, ''), ...base64Pieces(bytes)]
  return [...plain, ...base64, ...base64.map(toBase64Url)]
}

type Span = [start: number, end: number]

function findAll(text: string, form: string): Span[] {
  const found: Span[] = []
  for (let at = text.indexOf(form); at !== -1; at = text.indexOf(form, at + 1)) {
    const last = found.at(-1)
    if (last !== undefined && at <= last[1]) last[1] = at + form.length
    else found.push([at, at + form.length])
  }
  return found
}

/** Overlapping finds become one, so that no end of either is left. */
function replaceAllForms(text: string, forms: readonly string[]): string {
  const found = [...new Set(forms)].flatMap((form) => findAll(text, form))
  let result = ''
  let copied = 0
  for (const [start, end] of found.sort((a, b) => a[0] - b[0])) {
    if (start >= copied) result += text.slice(copied, start) + mark
    copied = Math.max(copied, end)
  }
  return result + text.slice(copied)
}

const formsOfAll = (values: readonly string[]): string[] => values.filter((value) => value !== '').flatMap(formsOf)

/**
 * `text` with every value replaced, also in base64, base64url, URL-encoded and JSON-escaped form. Base64 is found in
 * whatever it was encoded together with, such as `user:password`.
 */
export const redactSecrets = (text: string, values: readonly string[]): string =>
  replaceAllForms(text, formsOfAll(values))

/** The same for bytes that may be text in UTF-8. */
export function redactBytes(bytes: Uint8Array, values: readonly string[]): Uint8Array {
  const forms = formsOfAll(values).map((form) => Buffer.from(form).toString('latin1'))
  return Buffer.from(replaceAllForms(Buffer.from(bytes).toString('latin1'), forms), 'latin1')
}
