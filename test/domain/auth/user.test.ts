// What may be asked of accounts: one address is one spelling, passwords are counted in code points, nothing else gets in.
import { expect } from 'chai'
import { emailSchema, loginSchema, patchMeSchema, patchUserSchema, registerSchema } from '../../../domain/auth/user.ts'

const valid = { email: 'ada@example.com', password: 'correct horse battery', displayName: 'Ada' }
const accepts = (change: object) => registerSchema.safeParse({ ...valid, ...change }).success

describe('account schemas', () => {
  it('stores an address in one spelling', () => {
    expect(emailSchema.parse('  Ada.Lovelace@EXAMPLE.com ')).to.equal('ada.lovelace@example.com')
  })

  it('refuses what is no address, and one longer than 254 characters', () => {
    for (const email of [
      '',
      'ada',
      'ada@',
      '@example.com',
      'a b@example.com',
      'ada@example.com\u0000',
      'ada@exa\nmple.com',
    ])
      expect(emailSchema.safeParse(email).success, JSON.stringify(email)).to.equal(false)
    const domain = `${'a'.repeat(60)}.`.repeat(4)
    expect(emailSchema.safeParse(`${'x'.repeat(7)}@${domain}de`).success).to.equal(true)
    expect(emailSchema.safeParse(`${'x'.repeat(9)}@${domain}de`).success).to.equal(false)
  })

  it('[S7] counts the characters of a password, not its bytes or UTF-16 units', () => {
    expect(accepts({ password: '😀'.repeat(11) })).to.equal(false)
    expect(accepts({ password: '😀'.repeat(12) })).to.equal(true)
    expect(accepts({ password: '😀'.repeat(64) })).to.equal(true)
    expect(accepts({ password: '😀'.repeat(128) })).to.equal(true)
    expect(accepts({ password: '😀'.repeat(129) })).to.equal(false)
  })

  it('counts a password after NFC, so that both spellings of an accent are one character', () => {
    expect(accepts({ password: 'e\u0301'.repeat(11) })).to.equal(false)
    expect(registerSchema.parse({ ...valid, password: 'e\u0301'.repeat(12) }).password).to.equal('é'.repeat(12))
  })

  it('asks for no kinds of characters in a password', () => {
    expect(accepts({ password: 'aaaaaaaaaaaa' })).to.equal(true)
    expect(accepts({ password: '            ' })).to.equal(true)
  })

  it('refuses half a surrogate pair, which two different passwords would share in UTF-8', () => {
    expect(accepts({ password: `correct horse ba\ud83d` })).to.equal(false)
    expect(accepts({ displayName: 'Ada\udc00' })).to.equal(false)
  })

  it('refuses names that Postgres can’t store', () => {
    expect(accepts({ displayName: 'A\u0000da' })).to.equal(false)
    expect(accepts({ displayName: '   ' })).to.equal(false)
    expect(patchUserSchema.safeParse({ roles: ['us\u0000er'] }).success).to.equal(false)
  })

  it('signs in with passwords shorter than a new one may be, but not with endless ones', () => {
    const login = (password: string) => loginSchema.safeParse({ email: valid.email, password }).success
    expect(login('short')).to.equal(true)
    expect(login('')).to.equal(false)
    expect(login('x'.repeat(129))).to.equal(false)
  })

  it('[S13] refuses every field that isn’t offered', () => {
    for (const field of ['id', 'roles', 'role', 'permissions', 'disabled', 'ownerId', 'passwordHash', '__proto__']) {
      const change = JSON.parse(`{"${field}": ["admin"]}`) as object
      const body = JSON.parse(JSON.stringify(valid).replace('{', `{"${field}":["admin"],`)) as object
      expect(registerSchema.safeParse(body).success, `register ${field}`).to.equal(false)
      const me = JSON.parse(`{"displayName":"Ada","${field}":["admin"]}`) as object
      expect(patchMeSchema.safeParse(me).success, `me ${field}`).to.equal(false)
      if (!['roles', 'disabled'].includes(field))
        expect(patchUserSchema.safeParse(change).success, `user ${field}`).to.equal(false)
    }
  })

  it('refuses a change that changes nothing', () => {
    expect(patchUserSchema.safeParse({}).success).to.equal(false)
  })
})
