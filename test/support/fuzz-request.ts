// Requests made from an operation of the OpenAPI document: mostly what its schemas allow, partly just beside it, partly
// hostile. JSON is made as text, because some of it (`__proto__`, huge numbers, duplicate keys) is no JavaScript value.
import fc from 'fast-check'
import type { Schema } from './openapi-document.ts'

export interface FuzzOptions {
  /** Ids that exist, by the name of the parameter or field that takes them. */
  readonly ids: (name: string) => readonly string[]
  readonly tokens: readonly (string | undefined)[]
}

const strange: readonly string[] = [
  '',
  ' ',
  '\u0000',
  'a\u0000b',
  '\ud800',
  '\udfff\ud800',
  '\u202egnp.exe',
  '\u05d0\u0628',
  '\ufeff',
  '\u2028',
  'e\u0301'.repeat(50),
  '👩‍👩‍👧‍👦',
  'İ',
  "'; drop table users; --",
  '" or 1=1 --',
  '\\',
  '%_%',
  ':* & | !',
  '<script>alert(1)</script>',
  '${7*7}{{7*7}}',
  '../../../etc/passwd',
  '__proto__',
  'constructor',
  'NaN',
  'null',
  '00000000-0000-0000-0000-000000000000',
  'ffffffff-ffff-ffff-ffff-ffffffffffff',
]
const strangeText = fc.oneof(
  { weight: 6, arbitrary: fc.constantFrom(...strange) },
  { weight: 3, arbitrary: fc.string({ unit: 'binary', maxLength: 40 }) },
  { weight: 1, arbitrary: fc.constantFrom(5_000, 70_000).map((length) => 'x'.repeat(length)) },
)
const strangeNumber = fc.constantFrom(
  '-1',
  '0',
  '-0',
  '0.5',
  '101',
  '1e3',
  '1e308',
  '1e400',
  '-1e400',
  '2147483648',
  '9007199254740993',
)
const strangeKeys = fc.constantFrom(
  '__proto__',
  'constructor',
  'id',
  'ownerId',
  'roles',
  'nonsense',
  '',
  '\u0000',
  '$gt',
)
const toText = (value: unknown): string => JSON.stringify(value)

const strangeJson: fc.Arbitrary<string> = fc.oneof(
  strangeText.map(toText),
  strangeNumber,
  fc.constantFrom('null', 'true', 'false', '[]', '{}', '[null]', '{"__proto__":{"admin":true}}', '{"a":1,"a":2}'),
  fc.json({ maxDepth: 3, stringUnit: 'binary' }),
  fc.constantFrom(10, 70, 3_000).map((depth) => '['.repeat(depth) + ']'.repeat(depth)),
)

const mostly = <T>(usual: fc.Arbitrary<T>, rest: fc.Arbitrary<T>, weight = 8): fc.Arbitrary<T> =>
  fc.oneof({ weight, arbitrary: usual }, { weight: 1, arbitrary: rest })

function stringOf(schema: Schema, name: string, { ids }: FuzzOptions): fc.Arbitrary<string> {
  if (schema.format === 'uuid') {
    const known = ids(name)
    return known.length === 0 ? fc.uuid() : fc.oneof(fc.constantFrom(...known), fc.uuid())
  }
  const names = ids(name)
  if (names.length > 0) return fc.constantFrom(...names)
  if (schema.format === 'email') return fc.emailAddress()
  if (schema.pattern !== undefined) {
    return fc.oneof(fc.constantFrom('offline/extractive', 'openai/none'), fc.stringMatching(new RegExp(schema.pattern)))
  }
  const { minLength = 0, maxLength = 200 } = schema
  return fc.oneof(
    {
      weight: 6,
      arbitrary: fc.string({ unit: 'grapheme', minLength, maxLength: Math.min(maxLength, minLength + 40) }),
    },
    { weight: 1, arbitrary: fc.constantFrom(minLength, maxLength, maxLength + 1).map((length) => 'ä'.repeat(length)) },
  )
}

function numberOf({ type, minimum = -10, maximum = 10 }: Schema): fc.Arbitrary<string> {
  const bounds = fc.constantFrom(minimum - 1, minimum, maximum, maximum + 1)
  const inside =
    type === 'integer'
      ? fc.integer({ min: minimum, max: maximum })
      : fc.double({ min: minimum, max: maximum, noNaN: true })
  return mostly<number>(inside, bounds, 3).map(toText)
}

function arrayOf(schema: Schema, name: string, options: FuzzOptions): fc.Arbitrary<string> {
  const item = jsonOf(schema.items ?? {}, name, options)
  const { maxItems = 5 } = schema
  const list = fc.array(item, { maxLength: Math.min(maxItems, 4) })
  const tooMany = item.map((text) => Array.from({ length: maxItems + 1 }, () => text))
  return mostly(list, tooMany, 20).map((texts) => `[${texts.join(',')}]`)
}

function objectOf({ properties = {}, required = [] }: Schema, options: FuzzOptions): fc.Arbitrary<string> {
  const members = Object.entries(properties).map(([name, schema]) => {
    const given = jsonOf(schema, name, options).map((text) => `${toText(name)}:${text}`)
    return mostly(given, fc.constant(''), required.includes(name) ? 15 : 1)
  })
  const extra = fc.tuple(strangeKeys, strangeJson).map(([key, text]) => `${toText(key)}:${text}`)
  return fc.tuple(fc.tuple(...members), mostly(fc.constant(''), extra, 12)).map(([own, other]) => {
    return `{${[...own, other].filter((member) => member !== '').join(',')}}`
  })
}

function validJson(schema: Schema, name: string, options: FuzzOptions): fc.Arbitrary<string> {
  const alternatives = schema.anyOf ?? schema.oneOf
  if (alternatives !== undefined) return fc.oneof(...alternatives.map((part) => jsonOf(part, name, options)))
  if (schema.const !== undefined) return fc.constant(toText(schema.const))
  // What a schema can't say in full, it shows.
  if (schema.examples !== undefined) return mostly(fc.constantFrom(...schema.examples).map(toText), strangeJson)
  if (schema.enum !== undefined) return fc.constantFrom(...schema.enum).map(toText)
  if (schema.type === 'string') return stringOf(schema, name, options).map(toText)
  if (schema.type === 'integer' || schema.type === 'number') return numberOf(schema)
  if (schema.type === 'boolean') return fc.boolean().map(toText)
  if (schema.type === 'null') return fc.constant('null')
  if (schema.type === 'array') return arrayOf(schema, name, options)
  return objectOf(schema, options)
}

const jsonOf = (schema: Schema, name: string, options: FuzzOptions): fc.Arbitrary<string> =>
  mostly(validJson(schema, name, options), strangeJson, 15)

const encode = (text: string): string =>
  encodeURIComponent(text.replaceAll(/\p{Surrogate}/gu, '\ufffd')).replaceAll('.', '%2E')
const brokenEncoding = fc.constantFrom('%00', '%ff', '%E0%A4%A', '%', '%2f..%2f', '%ED%A0%80')

/** A value of a path or a query, encoded; never empty, so that the path stays the operation's. */
export function encodedOf(schema: Schema, name: string, options: FuzzOptions): fc.Arbitrary<string> {
  const valid = validJson(schema, name, options).map((text) => encode(String(JSON.parse(text))))
  const other = fc.oneof(strangeText.map(encode), strangeNumber, brokenEncoding)
  return mostly(valid, other, 5).map((text) => (text === '' ? '0' : text.slice(0, 8_000).replace(/%.?$/, '')) || '0')
}

const headerText = fc.oneof(
  fc.string({ unit: 'grapheme-ascii', maxLength: 300 }),
  fc.constantFrom('', ',', ';;;', 'ÿ', '*', '""', 'a'.repeat(2_000), '0-0', '-1', '99999999999-1', 'text/*;q=x'),
)
const sometimes = (usual: readonly string[]): fc.Arbitrary<string | undefined> =>
  fc.oneof(
    { weight: 4, arbitrary: fc.constant(undefined) },
    { weight: 3, arbitrary: fc.constantFrom(...usual) },
    { weight: 1, arbitrary: headerText },
  )

export const fuzzHeaders: fc.Arbitrary<Record<string, string>> = fc
  .record({
    'idempotency-key': sometimes(['key-1', 'key-2', 'key-3']),
    'last-event-id': sometimes(['0-1', '1-1', '1001-1', '9000000-1', '9000000-2', '1-5000001']),
    'if-match': sometimes(['"1"', '"2"', 'W/"1"', '*']),
    accept: sometimes(['application/json', 'text/event-stream', '*/*', 'text/html']),
    'x-request-id': sometimes(['fuzz']),
    'x-namespace': sometimes(['', 'default', 'elsewhere']),
    'user-agent': sometimes(['fuzz']),
  })
  .map((headers) => {
    // Node refuses to send what HTTP can't carry.
    const entries = Object.entries(headers).flatMap(([name, value]) =>
      value === undefined ? [] : [[name, value.replaceAll(/[^\t\x20-\x7e\x80-\xff]/g, '?')]],
    )
    return Object.fromEntries(entries) as Record<string, string>
  })

export interface FuzzBody {
  readonly type: string
  readonly text: string
}

const jsonTypes = fc.constantFrom(
  'application/json; charset=utf-8',
  'application/json; charset=utf-99',
  'text/plain',
  'x',
)
const brokenJson = fc.constantFrom('{', '', 'null', '[]', '"text"', '{"a":1,}', '\u0000', '['.repeat(50_000))

export function jsonBody(schema: Schema, options: FuzzOptions): fc.Arbitrary<FuzzBody> {
  const text = mostly(validJson(schema, '', options), fc.oneof(strangeJson, brokenJson), 15)
  return fc.record({ type: mostly(fc.constant('application/json'), jsonTypes, 20), text })
}

const boundary = 'fuzz-boundary'

/** A few tiny files again and again: the same bytes in the same collection are the same document. */
const files = fc.constantFrom(
  'alpha',
  '# Title\n\nText.',
  '<p>x</p>',
  'a,b\n1,2',
  '%PDF-1.7 broken',
  'PK\u0003\u0004',
  '',
  '\u0000',
)
const fileNames = fc.oneof(fc.constantFrom('a.txt', 'a.md', 'a.html', 'a.csv', 'a.pdf', 'a.docx', 'a'), strangeText)

function partOf(name: string, value: string, filename?: string): string {
  const safe = (text: string): string => text.replaceAll(/["\r\n]/g, '_').slice(0, 3_000)
  const file = filename === undefined ? '' : `; filename="${safe(filename)}"\r\nContent-Type: text/plain`
  return `--${boundary}\r\nContent-Disposition: form-data; name="${safe(name)}"${file}\r\n\r\n${value}\r\n`
}

export function multipartBody(schema: Schema, options: FuzzOptions): fc.Arbitrary<FuzzBody> {
  const fields = Object.entries(schema.properties ?? {}).filter(([name]) => name !== 'file')
  const parts = fields.map(([name, field]) => {
    const value = validJson(field, name, options).map((text) => partOf(name, String(JSON.parse(text))))
    return fc.oneof(
      fc.constant(''),
      fc.constant(''),
      value,
      strangeText.map((text) => partOf(name, text)),
    )
  })
  const file = fc.tuple(mostly(fc.constant('file'), strangeText, 15), files, fileNames)
  const filePart = mostly(
    file.map(([name, bytes, filename]) => partOf(name, bytes, filename)),
    fc.constant(''),
    15,
  )
  const extra = fc.tuple(strangeKeys, strangeText).map(([name, text]) => partOf(name, text))
  const end = mostly(fc.constant(`--${boundary}--\r\n`), fc.constantFrom('', `--${boundary}`), 20)
  const text = fc
    .tuple(fc.tuple(...parts), filePart, mostly(fc.constant(''), extra, 12), end)
    .map(([own, one, other, last]) => [...own, one, other, last].join(''))
  const types = fc.constantFrom('multipart/form-data', 'multipart/form-data; boundary=', 'application/json')
  return fc.record({ type: mostly(fc.constant(`multipart/form-data; boundary=${boundary}`), types, 20), text })
}
