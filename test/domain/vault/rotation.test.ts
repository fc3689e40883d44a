// What a policy may be: every rotator's configuration is closed, and grace ends before the next rotation.
import { expect } from 'chai'
import { putRotationPolicySchema, referencesOf } from '../../../domain/vault/rotation-policy.ts'
import { targetAddress, targetTimeoutMs } from '../../../domain/vault/rotation-target.ts'

const postgres = {
  rotator: 'postgres',
  everySeconds: 60,
  graceSeconds: 10,
  config: { host: 'db.example', roles: ['app_a', 'app_b'], administrator: 'secret://databases/admin#3' },
}
const faultsOf = (policy: unknown): string[] =>
  putRotationPolicySchema.safeParse(policy).error?.issues.map(({ path }) => path.join('.')) ?? []

describe('a rotation policy', () => {
  it('has defaults that are safe', () => {
    const policy = putRotationPolicySchema.parse(postgres)
    expect(policy.config).to.include({ port: 5_432, tls: true, database: 'postgres' })
    expect(putRotationPolicySchema.parse({ rotator: 'random', everySeconds: 1 })).to.deep.equal({
      rotator: 'random',
      everySeconds: 1,
      graceSeconds: 0,
      config: { bytes: 32, encoding: 'base64url', prefix: '' },
    })
  })

  it('names the secrets that it reads', () => {
    expect(referencesOf(putRotationPolicySchema.parse(postgres))).to.deep.equal(['secret://databases/admin#3'])
    expect(referencesOf(putRotationPolicySchema.parse({ rotator: 'random', everySeconds: 1 }))).to.deep.equal([])
  })

  it('ends its grace before the next rotation', () => {
    expect(faultsOf({ ...postgres, graceSeconds: 60 })).to.deep.equal(['graceSeconds'])
    expect(faultsOf({ ...postgres, graceSeconds: 59 })).to.deep.equal([])
    expect(faultsOf({ ...postgres, everySeconds: 0 })).to.include('everySeconds')
  })

  it('of the signing key says nothing but when', () => {
    const given = { rotator: 'jwt-signing-key', everySeconds: 1_000, graceSeconds: 700 }
    const policy = putRotationPolicySchema.parse(given)
    expect(policy).to.deep.equal({ ...given, config: {} })
    expect(referencesOf(policy)).to.deep.equal([])
    expect(targetAddress(policy)).to.equal(undefined)
    expect(faultsOf({ ...given, config: { kid: 'mine' } })).to.deep.equal(['config'])
  })

  it('of the signing key gives a step the time for all copies of the JWKS to become new, and no other', () => {
    const config = { rotationTimeoutMs: 1_000, tokenTimes: { accessTokenSeconds: 60, jwksMaxAgeSeconds: 100 } }
    expect(targetTimeoutMs('jwt-signing-key', config)).to.equal(131_000)
    expect(targetTimeoutMs('webhook', config)).to.equal(1_000)
  })

  it('refuses what it doesn’t know', () => {
    expect(faultsOf({ ...postgres, every: 1 })).to.deep.equal([''])
    expect(faultsOf({ ...postgres, config: { ...postgres.config, password: 'x' } })).to.deep.equal(['config'])
    expect(faultsOf({ ...postgres, config: { ...postgres.config, roles: ['a', 'a'] } })).to.deep.equal(['config.roles'])
    expect(faultsOf({ ...postgres, config: { ...postgres.config, administrator: 'plain' } })).to.deep.equal([
      'config.administrator',
    ])
    expect(faultsOf({ ...postgres, rotator: 'other' })).to.deep.equal(['rotator'])
  })
})
