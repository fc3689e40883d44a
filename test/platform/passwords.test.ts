// Password hashing on the real bcrypt at its lowest cost: what counts is which passwords are told apart.
import { createHmac, hkdfSync, randomBytes } from 'node:crypto'
import bcrypt from 'bcrypt'
import independent from 'bcryptjs'
import { expect } from 'chai'
import { AppError } from '../../domain/errors.ts'
import { createPlatformKeys } from '../../platform/keys.ts'
import { createPasswords, isCommonPassword } from '../../platform/passwords.ts'

const first = { id: '1', key: randomBytes(32) }
const second = { id: '2', key: randomBytes(32) }
const cost = 4
const passwords = createPasswords({ keys: createPlatformKeys([first]), cost })

describe('passwords', () => {
  it('accepts the password that was hashed and no other', async () => {
    const stored = await passwords.hash('correct horse battery')
    expect(stored.pepperId).to.equal('1')
    expect(await passwords.verify('correct horse battery', stored)).to.deep.equal({ valid: true, needsRehash: false })
    expect(await passwords.verify('correct horse batterY', stored)).to.deep.equal({ valid: false, needsRehash: false })
  })

  it('[S7] tells passwords apart that differ at byte 73 and later', async () => {
    for (const length of [71, 72, 73, 100, 127]) {
      const stored = await passwords.hash(`${'a'.repeat(length)}b`)
      expect((await passwords.verify(`${'a'.repeat(length)}b`, stored)).valid, `${length}`).to.equal(true)
      expect((await passwords.verify(`${'a'.repeat(length)}c`, stored)).valid, `${length}`).to.equal(false)
      expect((await passwords.verify('a'.repeat(length), stored)).valid, `${length}`).to.equal(false)
    }
  })

  it('[S7] accepts 64 emoji, and tells the last one apart', async () => {
    const stored = await passwords.hash('😀'.repeat(64))
    expect((await passwords.verify('😀'.repeat(64), stored)).valid).to.equal(true)
    expect((await passwords.verify(`${'😀'.repeat(63)}😁`, stored)).valid).to.equal(false)
  })

  it('reads what follows a NUL byte, where bcrypt alone would stop', async () => {
    const stored = await passwords.hash('correct\u0000horse battery')
    expect((await passwords.verify('correct\u0000another one', stored)).valid).to.equal(false)
  })

  it('takes both spellings of an accented character as the same password', async () => {
    const stored = await passwords.hash('cafe\u0301 cafe\u0301 cafe')
    expect((await passwords.verify('café café cafe', stored)).valid).to.equal(true)
  })

  it('hashes the same password differently each time', async () => {
    const [one, two] = await Promise.all([passwords.hash('correct horse'), passwords.hash('correct horse')])
    expect(one?.hash).not.to.equal(two?.hash)
  })

  it('is of no use without the pepper', async () => {
    const stored = await passwords.hash('correct horse battery')
    const thief = createPasswords({ keys: createPlatformKeys([{ id: '1', key: second.key }]), cost })
    expect((await thief.verify('correct horse battery', stored)).valid).to.equal(false)
  })

  it('is compared with an independent bcrypt, over a pepper that is computed here', async () => {
    const pepperKey = Buffer.from(hkdfSync('sha256', first.key, '', 'cdsa:password-pepper', 32))
    const peppered = (password: string): string =>
      createHmac('sha384', pepperKey).update(password.normalize('NFC')).digest('base64')
    for (const password of ['correct horse battery', '😀'.repeat(64), 'a'.repeat(128), 'cafe\u0301 cafe\u0301 cafe']) {
      const { hash } = await passwords.hash(password)
      expect(await independent.compare(peppered(password), hash), password).to.equal(true)
      expect(await independent.compare(peppered(`${password}x`), hash), password).to.equal(false)
      expect(await independent.compare(password, hash), 'without the pepper').to.equal(false)
      const made = await independent.hash(peppered(password), cost)
      expect((await passwords.verify(password, { hash: made, pepperId: '1' })).valid, 'the other way').to.equal(true)
    }
  })

  it('asks for a new hash when the cost or the pepper has changed, and only for the right password', async () => {
    const stored = await passwords.hash('correct horse battery')
    const dearer = createPasswords({ keys: createPlatformKeys([first]), cost: cost + 1 })
    const renewed = createPasswords({ keys: createPlatformKeys([second, first]), cost })
    for (const changed of [dearer, renewed]) {
      expect(await changed.verify('correct horse battery', stored)).to.deep.equal({ valid: true, needsRehash: true })
      expect(await changed.verify('wrong horse battery', stored)).to.deep.equal({ valid: false, needsRehash: false })
      const again = await changed.hash('correct horse battery')
      expect(await changed.verify('correct horse battery', again)).to.deep.equal({ valid: true, needsRehash: false })
    }
    expect((await renewed.hash('correct horse battery')).pepperId).to.equal('2')
  })
})

describe('passwords of unknown users', () => {
  let compared: string[] = []
  const { compare } = bcrypt
  before(() => {
    bcrypt.compare = async (data: string | Buffer, hash: string) => {
      compared.push(hash)
      return await compare(data, hash)
    }
  })
  beforeEach(() => {
    compared = []
  })
  after(() => {
    bcrypt.compare = compare
  })

  it('[S8] are compared by bcrypt with a dummy hash of the same cost, and never match', async () => {
    expect(await passwords.verify('correct horse battery', undefined)).to.deep.equal({
      valid: false,
      needsRehash: false,
    })
    expect(compared).to.have.length(1)
    expect(compared[0]).to.match(/^\$2b\$04\$[./A-Za-z0-9]{53}$/)
    expect(bcrypt.getRounds(compared[0] ?? '')).to.equal(cost)
  })

  it('[S8] get another dummy in every process, at whatever cost is set', async () => {
    const others = [5, 6].map((other) => createPasswords({ keys: createPlatformKeys([first]), cost: other }))
    for (const other of others) await other.verify('correct horse battery', undefined)
    expect(compared.map((hash) => bcrypt.getRounds(hash))).to.deep.equal([5, 6])
    expect(new Set(compared.map((hash) => hash.slice(7))).size).to.equal(2)
  })
})

describe('the queue of password checks', () => {
  it('holds two that run and 64 that wait; the next is refused at once, and room comes back', async () => {
    const queue = createPasswords({ keys: createPlatformKeys([first]), cost })
    const accepted = Array.from({ length: 66 }, () => queue.verify('correct horse battery', undefined))
    const refused = await queue.verify('correct horse battery', undefined).then(
      () => undefined,
      (error: unknown) => error,
    )
    expect(refused).to.be.instanceOf(AppError).with.property('code', 'auth.busy')
    expect((refused as AppError).kind).to.equal('unavailable')
    expect((refused as AppError).retryAfterMs).to.be.greaterThan(0)
    expect(await Promise.all(accepted)).to.have.length(66)
    expect((await queue.verify('correct horse battery', undefined)).valid).to.equal(false)
  })
})

describe('common passwords', () => {
  it('are known whatever their case', () => {
    for (const password of ['123456789012', 'qwerty123456', 'Password1234', 'MOTHERFUCKER'])
      expect(isCommonPassword(password), password).to.equal(true)
  })

  it('are not what people make up', () => {
    for (const password of ['correct horse battery staple', '😀'.repeat(64), 'a'.repeat(73)])
      expect(isCommonPassword(password), password).to.equal(false)
  })
})
