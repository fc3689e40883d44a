// Schemas that a tool may have, and arguments held against them: what is refused, in which words, and how long it takes.
import { expect } from 'chai'
import type { AppError } from '../../../domain/errors.ts'
import { type ArgumentChecks, createArgumentChecks } from '../../../platform/tools/check-arguments.ts'
import type { JsonSchema } from '../../../platform/tools/tool-runner.ts'

const checks: ArgumentChecks = createArgumentChecks()
const object = (properties: JsonSchema, more: JsonSchema = {}): JsonSchema => ({
  type: 'object',
  properties,
  additionalProperties: false,
  ...more,
})

function errorOf(work: () => void): AppError {
  try {
    work()
  } catch (error) {
    return error as AppError
  }
  throw new Error('Nothing was thrown.')
}
const faultsOf = (schema: JsonSchema, args: unknown): string[] =>
  (errorOf(() => checks.check(schema, args)).errors ?? []).map(({ path, message }) => `${path}: ${message}`)
const schemaError = (schema: unknown): string | undefined => {
  const error = errorOf(() => checks.requireSchema(schema))
  expect(error.code).to.equal('tool.schema_invalid')
  return error.detail
}
/** Tells the linear from the exponential, by what this process computes: a busy machine changes nothing of that. */
function quickly(work: () => void): void {
  const before = process.cpuUsage()
  work()
  const { user, system } = process.cpuUsage(before)
  expect((user + system) / 1e6).to.be.lessThan(5)
}

describe('the arguments of a tool', () => {
  const schema = object(
    {
      city: { type: 'string', minLength: 2 },
      days: { type: 'integer', minimum: 1, maximum: 7 },
      unit: { enum: ['celsius', 'fahrenheit'] },
      places: { type: 'array', items: object({ id: { type: 'string', format: 'uuid' } }, { required: ['id'] }) },
    },
    { required: ['city'] },
  )

  it('pass when they match', () => {
    checks.check(schema, { city: 'Bonn', days: 3, unit: 'celsius' })
    checks.check({ ...schema, $schema: 'http://json-schema.org/draft-07/schema#' }, { city: 'Bonn' })
  })

  it('are refused with each fault’s place and rule, so that a model can mend them', () => {
    const faults = faultsOf(schema, { days: 9, unit: 'kelvin', places: [{ id: 'no' }, {}], country: 'DE' })
    expect(faults).to.have.members([
      'city: is required',
      'country: is not an argument here',
      'days: must be <= 7',
      'unit: must be one of ["celsius","fahrenheit"]',
      'places.0.id: must match format "uuid"',
      'places.1.id: is required',
    ])
  })

  it('are refused without a word of their values', () => {
    const canary = 'canary-0123456789'
    const strict = object({
      a: { type: 'integer' },
      b: { const: 1 },
      c: { type: 'string', pattern: '^x$' },
      d: { format: 'email', type: 'string' },
    })
    const error = errorOf(() => checks.check(strict, { a: canary, b: canary, c: canary, d: canary }))
    expect(error.errors).to.have.length(4)
    expect(JSON.stringify([error.message, error.detail, error.errors])).not.to.include('canary')
  })

  it('are refused when they are no object, and where the prototype would answer', () => {
    expect(faultsOf(schema, 'text')).to.deep.equal([': must be object'])
    expect(faultsOf(schema, null)).to.deep.equal([': must be object'])
    const named = object({ constructor: { type: 'string' } }, { required: ['constructor'] })
    expect(faultsOf(named, {})).to.deep.equal(['constructor: is required'])
    expect(faultsOf(schema, JSON.parse('{"city": "Bonn", "__proto__": {"days": 1}}'))).to.deep.equal([
      '__proto__: is not an argument here',
    ])
  })

  it('have a bounded size, and so has the list of their faults', () => {
    const many = object({ list: { type: 'array', items: { type: 'string' } } })
    expect(faultsOf(many, { list: Array.from({ length: 9_000 }, () => 1) })).to.have.length(20)
    expect(faultsOf(many, { list: Array.from({ length: 20_000 }, () => 'x') })[0]).to.include('at most')
    expect(faultsOf(many, { list: ['x'.repeat(300_000)] })[0]).to.include('at most')
    let deep: unknown = []
    for (let depth = 0; depth < 100_000; depth += 1) deep = [deep]
    expect(faultsOf(many, { list: deep })[0]).to.include('deeper')
  })

  it('are checked for equal items in linear time', () => {
    const unique = object({ list: { type: 'array', items: { type: 'object' }, uniqueItems: true } })
    const list = Array.from({ length: 4_000 }, (_, n) => ({ n }))
    quickly(() => checks.check(unique, { list }))
    expect(
      faultsOf(unique, {
        list: [
          { a: 1, b: 2 },
          { b: 2, a: 1 },
        ],
      }),
    ).to.deep.equal(['list: must hold no item twice'])
  })

  it('meet each its own pattern', () => {
    const two = object({
      a: { type: 'string', pattern: '^[a-c]+$' },
      b: { type: 'string', pattern: '^\\d{2,4}$' },
      c: { type: 'object', patternProperties: { '^x-': { type: 'string' } }, additionalProperties: false },
    })
    checks.check(two, { a: 'abc', b: '123', c: { 'x-y': 'z' } })
    expect(faultsOf(two, { a: '123', b: 'abc', c: { y: 'z' } })).to.deep.equal([
      'a: must match pattern "^[a-c]+$"',
      'b: must match pattern "^\\d{2,4}$"',
      'c.y: is not an argument here',
    ])
  })

  it('meet patterns that no text can make slow', () => {
    const evil = object({ a: { type: 'string', pattern: '^(a+)+$' }, b: { type: 'string', pattern: '^(a|a)*$' } })
    const text = `${'a'.repeat(20_000)}!`
    quickly(() => expect(faultsOf(evil, { a: text, b: text })).to.have.length(2))
  })

  it('meet formats that no text can make slow', () => {
    const names = ['email', 'uri', 'hostname', 'date-time', 'ipv6', 'uuid', 'duration', 'uri-reference', 'json-pointer']
    for (const format of names) {
      const one = object({ a: { type: 'string', format } })
      for (const text of ['a', '1', ':', 'a.', 'a@', '%41', '/~0', '-1'].map(
        (part) => `${part.repeat(50_000)}\u0000`,
      )) {
        quickly(() => expect(faultsOf(one, { a: text }), format).to.have.length(1))
      }
    }
  })
})

describe('the schema of a tool’s arguments', () => {
  it('must close its top', () => {
    expect(schemaError({ type: 'object', properties: {} })).to.include('additionalProperties')
    expect(schemaError({ type: 'object', additionalProperties: true })).to.include('additionalProperties')
    expect(schemaError({ properties: {}, additionalProperties: false })).to.include('type object')
    for (const none of [null, [], 'object', true]) expect(schemaError(none)).to.include('type object')
  })

  it('may be of draft-07 or 2020-12, and use what is new in its own', () => {
    const tuple = object({
      pair: { type: 'array', items: [{ type: 'string' }], minItems: 1, maxItems: 1, additionalItems: false },
    })
    checks.requireSchema({ ...tuple, $schema: 'http://json-schema.org/draft-07/schema#' })
    checks.requireSchema(
      object({ pair: { type: 'array', prefixItems: [{ type: 'string' }], items: false, minItems: 1 } }),
    )
    expect(schemaError({ ...object({}), $schema: 'http://json-schema.org/draft-04/schema#' })).to.include('draft-07')
  })

  it('is compiled strictly: what has no meaning is refused', () => {
    expect(schemaError(object({ a: { type: 'string', minimun: 1 } }))).to.include('minimun')
    expect(schemaError(object({ a: { type: 'text' } }))).to.include('can’t be compiled')
    expect(schemaError(object({ a: { type: 'string', format: 'phone' } }))).to.include('phone')
    checks.requireSchema(
      object(
        { a: { type: ['string', 'null'] }, b: { type: 'number' } },
        { anyOf: [{ required: ['a'] }, { required: ['b'] }] },
      ),
    )
  })

  it('refers to itself alone, and never round in a circle', () => {
    const $defs = { place: object({ name: { type: 'string' } }) }
    checks.requireSchema(object({ a: { $ref: '#/$defs/place' }, b: { $ref: '#/$defs/place' } }, { $defs }))
    for (const $ref of ['https://example.org/schema', 'other.json', '//example.org/x', '#anchor', '#']) {
      expect(schemaError(object({ a: { $ref } })), $ref).to.include('#/… alone')
    }
    expect(schemaError(object({ a: { $ref: '#/$defs/none' } }))).to.include('isn’t there')
    expect(schemaError(object({ a: { $ref: '#/constructor' } }))).to.include('isn’t there')
    const tree = { node: object({ next: { $ref: '#/$defs/node' } }) }
    expect(schemaError(object({ a: { $ref: '#/$defs/node' } }, { $defs: tree }))).to.include('refers to itself')
    expect(schemaError(object({}, { $defs: tree }))).to.include('refers to itself')
    expect(schemaError(object({ a: { $id: 'https://example.org/x', type: 'string' } }))).to.include('$id')
    checks.requireSchema(object({ $id: { type: 'string' } }))
  })

  it('has a bounded size, also with every reference written out', () => {
    const $defs: Record<string, unknown> = { d0: { type: 'string' } }
    for (let n = 1; n <= 30; n += 1)
      $defs[`d${n}`] = { allOf: [{ $ref: `#/$defs/d${n - 1}` }, { $ref: `#/$defs/d${n - 1}` }] }
    quickly(() => expect(schemaError(object({ a: { $ref: '#/$defs/d30' } }, { $defs }))).to.include('subschemas'))
    let nested: JsonSchema = { type: 'string' }
    for (let n = 0; n < 5_000; n += 1) nested = { not: nested }
    expect(schemaError(object({ a: nested }))).to.include('deeper')
    expect(schemaError(object({ a: { description: 'x'.repeat(70_000) } }))).to.include('characters')
  })

  it('has patterns that RE2 can run, within a size', () => {
    for (const pattern of ['(?=a)b', '(a)\\1', '[', 'a{1000}b{1000}', '((a{0,30}){0,30}){0,30}', 'a'.repeat(300)]) {
      expect(schemaError(object({ a: { type: 'string', pattern } })), pattern).to.include('pattern')
      expect(schemaError(object({ a: { type: 'object', patternProperties: { [pattern]: {} } } })), pattern).to.include(
        'pattern',
      )
    }
    checks.requireSchema(object({ a: { type: 'string', pattern: '^\\p{L}[\\w.-]{1,63}$' } }))
  })

  it('is compiled once, and forgotten when others came after it', () => {
    const few: ArgumentChecks = createArgumentChecks({ kept: 2 })
    const one = object({ a: { type: 'string' } })
    for (let n = 0; n < 5; n += 1) {
      few.check(one, { a: 'x' })
      few.check(object({ [`b${n}`]: { type: 'string' } }), {})
    }
    few.check(structuredClone(one), { a: 'x' })
    expect(errorOf(() => few.check(one, { a: 1 })).code).to.equal('tool.arguments_invalid')
  })
})
