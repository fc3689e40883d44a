// Secrets in what comes back, in each form that text travels in, alone and inside other text.
import { expect } from 'chai'
import fc from 'fast-check'
import { redactBytes, redactSecrets } from '../../../platform/egress/redact.ts'

const secret = 'p@ss/w"ö+rd ünd=14'
const base64 = (text: string): string => Buffer.from(text).toString('base64')

const forms: Readonly<Record<string, string>> = {
  'as it is': secret,
  'in base64': base64(secret),
  'in base64 without padding': base64(secret).replace(/=+$/, ''),
  'in base64url': Buffer.from(secret).toString('base64url'),
  'in base64 after a user’s name': base64(`alice:${secret}`),
  'in base64 between other text': base64(`{"a":"${secret}","b":1}`),
  'in a URL': encodeURIComponent(secret),
  'in a URL, in lower case': encodeURIComponent(secret).toLowerCase(),
  'in a form': new URLSearchParams({ a: secret }).toString(),
  'in JSON': JSON.stringify({ a: secret }),
  'in JSON with escaped slashes': JSON.stringify({ a: secret }).replaceAll('/', '\\/'),
}

describe('redaction', () => {
  for (const [form, text] of Object.entries(forms)) {
    it(`finds a secret ${form}`, () => {
      const result = redactSecrets(`before ${text} after`, [secret])
      expect(result).to.match(/^before .*\[redacted\].* after$/)
      for (const part of [secret, base64(secret).slice(4, 16), encodeURIComponent(secret).slice(0, 12)])
        expect(result).not.to.include(part)
    })
  }

  it('leaves nothing of secrets that overlap or hold each other', () => {
    expect(redactSecrets('xabcdefx', ['abcd', 'cdef'])).to.equal('x[redacted]x')
    expect(redactSecrets('abc abcdef', ['abc', 'abcdef'])).to.equal('[redacted] [redacted]')
    expect(redactSecrets('aaaaa', ['aa'])).to.equal('[redacted]')
  })

  it('changes nothing else, and takes an empty value for none', () => {
    fc.assert(
      fc.property(fc.stringMatching(/^[a-c{}/+= %]*$/), (text) => {
        expect(redactSecrets(text, ['ZZZ-QQQ', ''])).to.equal(text)
      }),
    )
  })

  it('leaves no form of any value in any text', () => {
    fc.assert(
      fc.property(
        fc.string({ unit: 'grapheme', minLength: 8 }),
        fc.string({ unit: 'grapheme' }),
        fc.string({ unit: 'grapheme' }),
        (value, before, after) => {
          for (const text of [
            value,
            base64(value),
            Buffer.from(value).toString('base64url'),
            encodeURIComponent(value),
          ]) {
            expect(redactSecrets(`${before}${text}${after}`, [value])).not.to.include(text)
          }
          const wrapped = base64(`${before}${value}${after}`)
          expect(redactSecrets(wrapped, [value])).not.to.equal(wrapped)
        },
      ),
    )
  })

  it('finds secrets in bytes, and keeps bytes that are no text', () => {
    const bytes = Buffer.concat([Buffer.from([0xff, 0, 0xfe]), Buffer.from(secret), Buffer.from([0x80])])
    const expected = Buffer.concat([Buffer.from([0xff, 0, 0xfe]), Buffer.from('[redacted]'), Buffer.from([0x80])])
    expect(Buffer.from(redactBytes(bytes, [secret]))).to.deep.equal(expected)
  })
})
