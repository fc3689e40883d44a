// Our wrapper of AES-GCM against published vectors, and against everything that isn't authentic.
import { createCipheriv, createDecipheriv, randomBytes } from 'node:crypto'
import { expect } from 'chai'
import { lengthPrefixed, openAesGcm, sealAesGcm } from '../../platform/aes-gcm.ts'
import { gcmVectors } from '../support/aes-gcm-vectors.ts'

const hex = (text: string): Buffer => Buffer.from(text, 'hex')
const refusal = 'Something encrypted was changed, or another key encrypted it.'

describe('AES-256-GCM', () => {
  for (const { name, ...vector } of gcmVectors) {
    it(`[V11] seals and opens the published vector ${name}`, () => {
      const [key, aad, plaintext] = [hex(vector.key), hex(vector.aad), hex(vector.plaintext)]
      const sealed = hex(vector.iv + vector.tag + vector.ciphertext)
      expect(sealAesGcm({ key, aad, plaintext, iv: hex(vector.iv) }).toString('hex')).to.equal(sealed.toString('hex'))
      expect(openAesGcm({ key, aad, sealed }).toString('hex')).to.equal(vector.plaintext)
    })

    it(`[V11] refuses ${name} with any bit of its tag turned`, () => {
      for (let bit = 0; bit < 128; bit += 1) {
        const sealed = hex(vector.iv + vector.tag + vector.ciphertext)
        const at = 12 + (bit >> 3)
        sealed[at] = (sealed[at] ?? 0) ^ (1 << (bit & 7))
        expect(() => openAesGcm({ key: hex(vector.key), aad: hex(vector.aad), sealed })).to.throw(refusal)
      }
    })
  }

  it('[V10] refuses a tag of 4 bytes', () => {
    const [key, iv, aad] = [randomBytes(32), randomBytes(12), Buffer.from('place')]
    const cipher = createCipheriv('aes-256-gcm', key, iv, { authTagLength: 4 }).setAAD(aad)
    const body = Buffer.concat([cipher.update('a short tag is guessed in no time'), cipher.final()])
    const tag = cipher.getAuthTag()
    expect(tag).to.have.length(4)
    // What is defended against is real: a decipher that isn’t held to 16 bytes takes this.
    const lax = createDecipheriv('aes-256-gcm', key, iv, { authTagLength: 4 }).setAAD(aad).setAuthTag(tag)
    expect(Buffer.concat([lax.update(body), lax.final()]).toString()).to.include('guessed')
    for (const sealed of [
      Buffer.concat([iv, tag, body]),
      Buffer.concat([iv, tag]),
      Buffer.concat([iv, tag.subarray(0, 0)]),
    ])
      expect(() => openAesGcm({ key, aad, sealed })).to.throw(refusal)
  })

  it('refuses every shortened text, and another key', () => {
    const [key, aad] = [randomBytes(32), Buffer.from('place')]
    const sealed = sealAesGcm({ key, aad, plaintext: Buffer.from('text') })
    for (let length = 0; length < sealed.length; length += 1)
      expect(() => openAesGcm({ key, aad, sealed: sealed.subarray(0, length) }), `${length}`).to.throw(refusal)
    expect(() => openAesGcm({ key: randomBytes(32), aad, sealed })).to.throw(refusal)
  })

  it('makes additional data that other parts don’t give', () => {
    const texts = [['ab', 'c'], ['a', 'bc'], ['abc'], ['abc', ''], ['', 'abc']].map((parts) =>
      lengthPrefixed(parts).toString('hex'),
    )
    expect(new Set(texts).size).to.equal(texts.length)
  })
})
