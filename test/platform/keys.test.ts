// The platform key: one key a purpose, and nothing opens that was changed, moved to another purpose, or cut.
import { randomBytes } from 'node:crypto'
import { expect } from 'chai'
import { createPlatformKeys, parseKeys } from '../../platform/keys.ts'

const key = () => randomBytes(32)

describe('platform keys', () => {
  it('opens what it sealed, also after a newer key has become the current one', () => {
    const old = { id: 'a', key: key() }
    const { keyId, sealed } = createPlatformKeys([old]).seal('purpose', Buffer.from('plain'))
    const both = createPlatformKeys([{ id: 'b', key: key() }, old])
    expect(both.open('purpose', keyId, sealed).toString()).to.equal('plain')
    expect(both.seal('purpose', Buffer.from('x')).keyId).to.equal('b')
  })

  it('refuses another purpose, a changed byte, a short tag, and an unknown key', () => {
    const keys = createPlatformKeys([{ id: 'a', key: key() }])
    const { keyId, sealed } = keys.seal('purpose', Buffer.from('plain text'))
    expect(() => keys.open('other', keyId, sealed)).to.throw()
    expect(() => keys.open('purpose', 'b', sealed)).to.throw('The platform key b is missing.')
    for (let index = 0; index < sealed.length; index++) {
      const changed = Buffer.from(sealed)
      changed[index] = (changed[index] ?? 0) ^ 1
      expect(() => keys.open('purpose', keyId, changed), `byte ${index}`).to.throw()
    }
    expect(() => keys.open('purpose', keyId, sealed.subarray(0, 16))).to.throw()
  })

  it('derives a key of its own for each purpose, never the key itself', () => {
    const raw = key()
    const keys = createPlatformKeys([{ id: 'a', key: raw }])
    const [one, two] = [keys.derive('one'), keys.derive('two')]
    expect(one.equals(two) || one.equals(raw)).to.equal(false)
    expect(keys.derive('one').equals(one)).to.equal(true)
  })

  it('reads a bare key and a list, and names a bad one without showing it', () => {
    const [a, b] = [key().toString('base64'), key().toString('base64')]
    expect(parseKeys(a).map(({ id }) => id)).to.deep.equal(['1'])
    expect(parseKeys(`new:${a}, old:${b}`).map(({ id }) => id)).to.deep.equal(['new', 'old'])
    expect(() => parseKeys(`new:${a},old:c2hvcnQ=`)).to.throw("Key 2 isn't base64 of 32 bytes.")
  })
})
