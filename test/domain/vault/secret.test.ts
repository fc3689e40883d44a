// What a secret may be called and where it may go, and how stored configuration refers to one.
import { expect } from 'chai'
import { AppError } from '../../../domain/errors.ts'
import { originOf, parseOrigin } from '../../../domain/vault/origin.ts'
import { parseSecretReference } from '../../../domain/vault/secret-reference.ts'
import { createSecretSchema, readValueQuerySchema, secretPath } from '../../../domain/vault/secret.ts'

describe('a secret’s destinations', () => {
  it('are compared in one form', () => {
    const same: readonly (readonly [string, string])[] = [
      ['https://API.example.org', 'https://api.example.org'],
      ['https://api.example.org:443/', 'https://api.example.org'],
      ['http://a.example:8080', 'http://a.example:8080'],
      ['postgresql://db.example.org:5432', 'postgres://db.example.org'],
      ['rediss://cache.example.org:6380', 'rediss://cache.example.org:6380'],
      ['https://[::1]:8443', 'https://[::1]:8443'],
    ]
    for (const [given, origin] of same) expect(parseOrigin(given), given).to.equal(origin)
  })

  it('are origins alone', () => {
    const none = ['', 'api.example.org', 'https://a.example/path', 'https://u@a.example', 'https://u:p@a.example']
    none.push('https://a.example?x', 'https://a.example/?', 'https://a.example#', 'file:///etc/passwd', 'javascript:1')
    for (const given of none) expect(parseOrigin(given), given).to.equal(undefined)
  })

  it('are those of addresses, whatever these hide behind', () => {
    expect(originOf('https://api.example.org@evil.example/')).to.equal('https://evil.example')
    expect(originOf('https://api.example.org.evil.example/')).to.equal('https://api.example.org.evil.example')
    expect(originOf('postgres://user:x@db.example.org/name')).to.equal('postgres://db.example.org')
  })
})

describe('a secret’s path', () => {
  it('is plain segments', () => {
    for (const path of ['a', 'db/main', 'Team-1/app_2/key.v3'])
      expect(secretPath.safeParse(path).success, path).to.equal(true)
    const bad = [
      '',
      '/',
      '/a',
      'a/',
      'a//b',
      '.',
      '..',
      'a/../b',
      'a/.b',
      'a b',
      'a#1',
      'a%2f',
      'ä',
      'a\n',
      'a'.repeat(201),
    ]
    for (const path of bad) expect(secretPath.safeParse(path).success, path).to.equal(false)
  })
})

describe('a reference to a secret', () => {
  it('names a path, and a version or a label', () => {
    expect(parseSecretReference('secret://db/main')).to.deep.equal({ path: 'db/main', label: 'CURRENT' })
    expect(parseSecretReference('secret://db/main#7')).to.deep.equal({ path: 'db/main', version: 7 })
    expect(parseSecretReference('secret://db/main#previous')).to.deep.equal({ path: 'db/main', label: 'PREVIOUS' })
  })

  it('that is none is refused without being repeated', () => {
    const bad = [
      'hunter2',
      'secret://',
      'secret://a#0',
      'secret://a#01',
      'secret://a#ABANDONED',
      'secret://../a',
      'secret://a#1#2',
    ]
    for (const text of bad) {
      expect(() => parseSecretReference(text), text)
        .to.throw(AppError)
        .that.satisfies((error: AppError) => {
          return error.code === 'secret.reference_invalid' && !JSON.stringify(error).includes('hunter2')
        })
    }
  })
})

describe('what is asked of the vault', () => {
  it('holds a value of up to 64 KiB in UTF-8', () => {
    const accepts = (value: unknown) => createSecretSchema.safeParse({ path: 'a', value }).success
    expect([accepts('x'), accepts('a'.repeat(65_536)), accepts('ä'.repeat(32_768))]).to.deep.equal([true, true, true])
    expect([accepts(''), accepts('a'.repeat(65_537)), accepts('ä'.repeat(32_769)), accepts(1)]).to.deep.equal([
      false,
      false,
      false,
      false,
    ])
  })

  it('names a version or a label, not both', () => {
    expect(readValueQuerySchema.safeParse({ version: '2' }).data).to.deep.equal({ version: 2 })
    expect(readValueQuerySchema.safeParse({ version: '2', label: 'CURRENT' }).success).to.equal(false)
  })
})
