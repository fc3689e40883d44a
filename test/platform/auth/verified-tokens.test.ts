// Access tokens that were checked before: known again as long as they and their key are good, and in that very spelling alone.
import { randomBytes, randomUUID } from 'node:crypto'
import type { IncomingMessage } from 'node:http'
import { expect } from 'chai'
import { createAccessTokens } from '../../../platform/access-tokens.ts'
import { createVerifiedTokens } from '../../../platform/auth/verified-tokens.ts'
import { forge, goodClaims, goodHeader, kid, other, pair, present, subject } from '../../support/forged-tokens.ts'

describe('access tokens that were checked before', () => {
  let isRetired = false
  const issued = createAccessTokens({
    current: async () => ({ kid, privateKey: pair.privateKey }),
    publicKey: async (asked) => (asked === kid && !isRetired ? pair.publicKey : undefined),
  })
  const known = (token: string) =>
    issued.verifiedSubject({ headers: { authorization: `Bearer ${token}` } } as IncomingMessage)
  beforeEach(() => {
    isRetired = false
  })

  it('are known again, and no others are', async () => {
    const token = forge()
    expect(await known(token)).to.equal(undefined)
    expect(await present(`Bearer ${token}`, issued)).to.deep.equal({ found: subject })
    expect(await known(token)).to.deep.equal(subject)
    for (const another of [
      `${token}=`,
      `${token.slice(0, -1)}${token.endsWith('A') ? 'B' : 'A'}`,
      token.toLowerCase(),
      forge(),
    ])
      expect(await known(another), another).to.equal(undefined)
  })

  it('are never those that were refused', async () => {
    const forged = [
      forge(goodHeader, goodClaims(), other.privateKey),
      forge(goodHeader, { ...goodClaims(), aud: 'another' }),
      forge(goodHeader, { ...goodClaims(), exp: 1 }),
      forge({ ...goodHeader, kid: randomBytes(32).toString('base64url') }),
      forge(goodHeader, { ...goodClaims(), sid: 'none' }),
    ]
    for (const token of forged) {
      expect(await present(`Bearer ${token}`, issued)).to.have.property('refused')
      expect(await known(token)).to.equal(undefined)
    }
  })

  it('are unknown once their key is retired', async () => {
    const token = forge()
    await present(`Bearer ${token}`, issued)
    isRetired = true
    expect(await known(token)).to.equal(undefined)
  })

  it('are unknown from the second of their end on', () => {
    let now = 0
    const tokens = createVerifiedTokens({ now: () => now })
    tokens.keep('one', { ...subject, keyId: kid, expiresAt: 10_000 })
    now = 9_999
    expect(tokens.find('one')).to.include(subject)
    now = 10_000
    expect(tokens.find('one')).to.equal(undefined)
  })

  it('are bounded in number: the oldest goes', () => {
    const tokens = createVerifiedTokens()
    const entry = { ...subject, keyId: kid, expiresAt: Number.MAX_SAFE_INTEGER }
    const names = Array.from({ length: 10_001 }, () => randomUUID())
    for (const name of names) tokens.keep(name, entry)
    expect(tokens.find(names[0] ?? '')).to.equal(undefined)
    expect(tokens.find(names[1] ?? '')).to.equal(entry)
    expect(tokens.find(names.at(-1) ?? '')).to.equal(entry)
  })
})
