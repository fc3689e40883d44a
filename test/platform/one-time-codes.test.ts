// One-time codes against RFC 6238's own vectors and an implementation of its text, on a clock of the test's own.
import { randomBytes } from 'node:crypto'
import { expect } from 'chai'
import { createOneTimeCodes, hashOfRecoveryCode, stepOfCode } from '../../platform/auth/one-time-codes.ts'
import { createPlatformKeys } from '../../platform/keys.ts'
import { codeOf } from '../support/authenticator.ts'

/** RFC 6238, Appendix B, the rows of SHA-1. */
const vectors: readonly (readonly [seconds: number, code: string])[] = [
  [59, '94287082'],
  [1_111_111_109, '07081804'],
  [1_111_111_111, '14050471'],
  [1_234_567_890, '89005924'],
  [2_000_000_000, '69279037'],
  [20_000_000_000, '65353130'],
]
const rfcSecret = new TextEncoder().encode('12345678901234567890')
const stepMs = 30_000

describe('one-time codes', () => {
  let now = 1_800_000_000_000
  const keys = createPlatformKeys([{ id: '1', key: randomBytes(32) }])
  const codes = createOneTimeCodes({ keys, now: () => now })

  for (const [seconds, code] of vectors) {
    it(`know the code of RFC 6238 at ${seconds}`, () => {
      expect(stepOfCode({ secret: rfcSecret, code, seconds, digits: 8 })).to.equal(Math.floor(seconds / 30))
      const other = code.replace(/.$/, (digit) => String((Number(digit) + 1) % 10))
      expect(stepOfCode({ secret: rfcSecret, code: other, seconds, digits: 8 })).to.equal(undefined)
    })
  }

  it('are those of this step, the one before and the next, each by its own number', () => {
    const { secret, ...sealed } = codes.newSecret()
    const here = Math.floor(now / stepMs)
    for (const inStep of [0, 1_000, 29_999]) {
      now = here * stepMs + inStep
      const steps = [-3, -2, -1, 0, 1, 2, 3].map((away) => codes.stepOf(sealed, codeOf(secret, now + away * stepMs)))
      expect(steps, `${inStep}`).to.deep.equal([undefined, undefined, here - 1, here, here + 1, undefined, undefined])
    }
  })

  it('are taken as people type them, and nothing else is', () => {
    const { secret, ...sealed } = codes.newSecret()
    const code = codeOf(secret, now)
    const spaced = `${code.slice(0, 3)} ${code.slice(3)}`
    expect(codes.stepOf(sealed, spaced)).to.equal(codes.stepOf(sealed, code)).and.not.equal(undefined)
    for (const wrong of ['', ' ', '-', code.slice(1), `${code}0`, '١٢٣٤٥٦', '1e5000', '+12345', 'abcdef'])
      expect(codes.stepOf(sealed, wrong), wrong).to.equal(undefined)
  })

  it('come from 160 random bits, which are stored sealed', () => {
    const [one, two] = [codes.newSecret(), codes.newSecret()]
    expect(one.secret)
      .to.match(/^[A-Z2-7]{32}$/)
      .and.not.equal(two.secret)
    expect(one.sealedSecret.toString('latin1')).to.not.include(one.secret)
    const thief = createOneTimeCodes({ keys: createPlatformKeys([{ id: '1', key: randomBytes(32) }]) })
    expect(() => thief.stepOf(one, codeOf(one.secret, now))).to.throw()
    const url = new URL(codes.urlOf(one.secret, 'ada@example.org'))
    expect([url.protocol, url.host, decodeURIComponent(url.pathname)]).to.deep.equal([
      'otpauth:',
      'totp',
      '/CDSA:ada@example.org',
    ])
    expect([url.searchParams.get('secret'), url.searchParams.get('issuer')]).to.deep.equal([one.secret, 'CDSA'])
  })

  it('have ten recovery codes of 80 bits beside them, whose hashes don’t depend on how they are typed', () => {
    const made = codes.newRecoveryCodes()
    expect(new Set(made).size).to.equal(10)
    for (const code of made) expect(code).to.match(/^[0-9a-f]{5}(-[0-9a-f]{5}){3}$/)
    const [first = '', second = ''] = made
    expect(hashOfRecoveryCode(first.toUpperCase().replaceAll('-', ' '))).to.deep.equal(hashOfRecoveryCode(first))
    expect(hashOfRecoveryCode(first)).to.not.deep.equal(hashOfRecoveryCode(second))
  })
})
