// What a policy may be: every rotator's configuration is closed, and grace ends before the next rotation.
import { expect } from 'chai'
import { putRotationPolicySchema, referencesOf } from '../../../domain/vault/rotation-policy.ts'

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
