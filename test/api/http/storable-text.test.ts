import { expect } from 'chai'
import {
  maxJsonDepth,
  maxJsonMembers,
  requireStorableJson,
  requireStorableText,
} from '../../../api/http/storable-text.ts'
import { AppError } from '../../../domain/errors.ts'

function thrownBy(work: () => void): AppError {
  try {
    work()
  } catch (error) {
    if (error instanceof AppError) return error
    throw error
  }
  throw new Error('nothing was thrown')
}

const nested = (depth: number): unknown => JSON.parse('['.repeat(depth) + ']'.repeat(depth))

describe('storable text', () => {
  it('lets through any well-formed text', () => {
    requireStorableJson({ a: ['é', '👍🏽', '\u0001', '\ufffe', ''], b: { c: null, d: 1, e: true } })
    requireStorableJson('text')
    requireStorableText('👍', 'q')
  })

  it('names each string that holds NUL or half a surrogate pair, by its path', () => {
    const value: unknown = JSON.parse('{"a": {"b": ["x", "n\\u0000"]}, "c": "\\ud83d", "d": "\\udc4d\\ud83d"}')
    expect(thrownBy(() => requireStorableJson(value))).to.deep.include({
      code: 'request.invalid',
      errors: [
        { path: 'a.b.1', message: 'holds the character U+0000' },
        { path: 'c', message: 'holds half of a surrogate pair' },
        { path: 'd', message: 'holds half of a surrogate pair' },
      ],
    })
    expect(thrownBy(() => requireStorableText('a\0', 'q')).code).to.equal('request.malformed')
  })

  it('refuses keys that reach a prototype or can’t be stored, at any depth', () => {
    for (const text of ['{"__proto__": {}}', '[{"a": {"__proto__": 1}}]', '{"a\\u0000": 1}', '{"\\ud800": 1}']) {
      expect(thrownBy(() => requireStorableJson(JSON.parse(text))).code, text).to.equal('request.malformed')
    }
    requireStorableJson({ constructor: { prototype: 1 } })
  })

  it('bounds depth, size and the number of faults', () => {
    requireStorableJson(nested(maxJsonDepth))
    expect(thrownBy(() => requireStorableJson(nested(maxJsonDepth + 2))).code).to.equal('request.malformed')
    expect(thrownBy(() => requireStorableJson(nested(200_000))).code).to.equal('request.malformed')
    requireStorableJson(Array(maxJsonMembers).fill(1))
    const large = { a: Array(maxJsonMembers).fill(1) }
    expect(thrownBy(() => requireStorableJson(large)).code).to.equal('request.too_large')
    expect(thrownBy(() => requireStorableJson(Array(1_000).fill('\0'))).errors).to.have.length(20)
  })
})
