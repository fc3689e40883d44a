// What a provider says of people, in the forms that accounts have: it may say anything.
import { expect } from 'chai'
import { displayNameFrom, verifiedEmail } from '../../../domain/auth/oidc.ts'
import { registerSchema } from '../../../domain/auth/user.ts'

describe('what a provider says of a person', () => {
  it('is an address in its stored form, if the provider vouches for it', () => {
    expect(verifiedEmail(' Ada@Example.ORG ', true)).to.equal('ada@example.org')
    expect(verifiedEmail('ada@example.org', false)).to.equal(undefined)
    for (const email of [undefined, '', 'ada', `${'a'.repeat(250)}@example.org`])
      expect(verifiedEmail(email, true), String(email)).to.equal(undefined)
  })

  it('is a name that an account may have, whatever was sent', () => {
    expect(displayNameFrom(' Ada  Lovelace ', 'ada@example.org')).to.equal('Ada  Lovelace')
    for (const none of [undefined, '', '  ', '\u0000\n'])
      expect(displayNameFrom(none, 'ada@example.org')).to.equal('ada')
    expect(displayNameFrom(undefined, undefined)).to.equal('User')
    const password = 'correct horse battery'
    for (const name of ['a\u0000b', '\ud800', 'x'.repeat(5_000), '😀'.repeat(500), `${'x'.repeat(99)} y`, 'e\u0301']) {
      const given = { email: 'ada@example.org', password, displayName: displayNameFrom(name, 'ada@example.org') }
      const taken = registerSchema.safeParse(given)
      expect(taken.success && taken.data.displayName, JSON.stringify(name).slice(0, 40)).to.equal(given.displayName)
    }
  })
})
