import { expect } from 'chai'
import { canonicalJson, fingerprintOf, principalOf, readIdempotencyKey } from '../../../api/http/idempotency.ts'
import { AppError } from '../../../domain/errors.ts'
import { createPlatformKeys } from '../../../platform/keys.ts'

const platform = { keys: createPlatformKeys([{ id: '1', key: Buffer.alloc(32, 7) }]) }
const otherKeys = { keys: createPlatformKeys([{ id: '1', key: Buffer.alloc(32, 8) }]) }

describe('idempotency', () => {
  it('takes 1 to 255 visible ASCII characters for a key', () => {
    expect(readIdempotencyKey(undefined)).to.equal(undefined)
    for (const key of ['a', '"8e03978e-40d5"', 'x'.repeat(255), '!~']) expect(readIdempotencyKey(key)).to.equal(key)
    for (const key of ['', ' ', 'a b', 'a, b', 'x'.repeat(256), 'é', '\u007f', 'a\tb']) {
      expect(() => readIdempotencyKey(key), key).to.throw(AppError)
    }
  })

  it('judges bodies by what they say, not by the order of their keys', () => {
    expect(canonicalJson({ b: [{ d: 1, c: null }], a: 'x' })).to.equal('{"a":"x","b":[{"c":null,"d":1}]}')
    expect(canonicalJson(undefined)).to.equal('null')
    const one = fingerprintOf(platform, { a: 1, b: { c: 2, d: 3 } })
    expect(fingerprintOf(platform, { b: { d: 3, c: 2 }, a: 1 }).equals(one)).to.equal(true)
    for (const other of [{ a: 1 }, { a: 1, b: { c: 2, d: '3' } }, { a: 1, b: [2, 3] }, null]) {
      expect(fingerprintOf(platform, other).equals(one)).to.equal(false)
    }
    expect(canonicalJson([1, 2])).not.to.equal(canonicalJson([2, 1]))
  })

  it('can’t be guessed from a fingerprint without the key', () => {
    expect(fingerprintOf(otherKeys, 'x').equals(fingerprintOf(platform, 'x'))).to.equal(false)
  })

  it('keeps anonymous callers apart without keeping their address', () => {
    expect(principalOf(platform, 'u1', '10.0.0.1')).to.equal('u1')
    const anonymous = principalOf(platform, undefined, '10.0.0.1')
    expect(anonymous).to.match(/^anonymous:[0-9a-f]{32}$/)
    expect(principalOf(platform, undefined, '10.0.0.1')).to.equal(anonymous)
    expect(principalOf(platform, undefined, '10.0.0.2')).not.to.equal(anonymous)
  })
})
