// What holds a secret shows it to nobody who doesn't ask for it by name.
import { inspect } from 'node:util'
import { expect } from 'chai'
import { SecretValue } from '../../platform/secret-value.ts'
import { captureLog } from '../support/captured-log.ts'

const text = 'correct horse battery staple'

describe('a secret value', () => {
  it('is in no text that is made of it', () => {
    const value = new SecretValue(text)
    const { log, lines } = captureLog()
    log.info({ value, nested: [{ value }] }, `logged ${String(value)}`)
    log.error({ err: Object.assign(new Error('x'), { value }) }, 'failed')
    const printed = [
      String(value),
      JSON.stringify({ value }),
      inspect(value),
      inspect({ a: [value] }, { showHidden: true, depth: 9 }),
    ]
    for (const line of [
      ...printed,
      ...lines,
      JSON.stringify(Object.entries(value)),
      inspect(Object.getOwnPropertyDescriptors(value)),
    ])
      expect(line).not.to.include('horse').and.not.to.include(Buffer.from(text).toString('hex').slice(10, 30))
    expect(value.reveal()).to.equal(text)
  })

  it('holds nothing of it any more once its bytes are overwritten', () => {
    const bytes = Buffer.from(text)
    const value = new SecretValue(bytes)
    value.zero()
    expect(value.reveal()).to.equal('\0'.repeat(text.length))
    expect(bytes.every((byte) => byte === 0)).to.equal(true)
  })

  it('gives text of any characters back as it was', () => {
    for (const given of ['', 'ä€😀', 'a'.repeat(65_536), '\n\t "\\'])
      expect(new SecretValue(given).reveal()).to.equal(given)
  })
})
