// References to secrets become values only in an activity, only for their destinations, and only on record.
import { expect } from 'chai'
import { type SecretUse, resolveSecret } from '../../../activities/vault/resolve-secret.ts'
import { listAccesses } from '../../../db/vault/access-log.ts'
import { setDeleted } from '../../../db/vault/secrets.ts'
import type { SecretValue } from '../../../platform/secret-value.ts'
import type { Vault } from '../../../platform/vault/vault.ts'
import { appErrorOf } from '../../support/app-error-of.ts'
import { type TestDatabase, startTestDatabase } from '../../support/database.ts'
import { rejection } from '../../support/rejection.ts'
import { inActivity } from '../../support/in-activity.ts'
import { makeOwner, makeSecret, newMasterKey, putValues, vaultOf } from '../../support/vault-parts.ts'

const destination = 'https://api.example.org/v1/items?x=1'

describe('resolving a reference to a secret', () => {
  let database: TestDatabase
  let vault: Vault
  let secretId: string
  before(async function () {
    this.timeout(60_000)
    database = await startTestDatabase()
    vault = await vaultOf(database.db, newMasterKey('a'))
  })
  beforeEach(async () => {
    secretId = await makeSecret(database, { destinations: ['https://api.example.org'] })
    await putValues({ db: database.db, vault }, secretId, 'first', 'second')
  })
  after(() => database?.stop())

  const resolve = (given: Partial<SecretUse> = {}): Promise<SecretValue> =>
    resolveSecret({ db: database.db, vault }, { reference: `secret://test/${secretId}`, destination, ...given })
  const accesses = async () => (await listAccesses(database.db, secretId, { limit: 10 })).data

  it('gives the current value, or that of a version or label, and puts each access on record', async () => {
    const onBehalfOf = await makeOwner(database.db)
    const values = await inActivity(async () => [
      (await resolve({ onBehalfOf })).reveal(),
      (await resolve({ reference: `secret://test/${secretId}#1` })).reveal(),
      (await resolve({ reference: `secret://test/${secretId}#PREVIOUS` })).reveal(),
    ])
    expect(values).to.deep.equal(['second', 'first', 'first'])
    const [, , first] = await accesses()
    expect(await accesses()).to.have.length(3)
    expect(first).to.include({ version: 2, actorType: 'system', actorId: onBehalfOf, purpose: 'secret.use' })
    expect(first?.workflowId).to.equal('test-workflow')
  })

  it('refuses an origin that isn’t one of the secret’s destinations, before anything is read', async () => {
    const elsewhere = [
      'https://evil.example/',
      'http://api.example.org/',
      'https://api.example.org:8443/',
      'https://api.example.org@evil.example/',
      'https://api.example.org.evil.example/',
      'not an address',
      '',
    ]
    for (const given of elsewhere) {
      const error = await appErrorOf(inActivity(() => resolve({ destination: given })))
      expect(error.code, given).to.equal('secret.destination_refused')
    }
    expect(await accesses()).to.deep.equal([])
    const none = await makeSecret(database)
    await putValues({ db: database.db, vault }, none, 'v')
    const error = await appErrorOf(inActivity(() => resolve({ reference: `secret://test/${none}` })))
    expect(error.code).to.equal('secret.destination_refused')
  })

  it('refuses what isn’t there, and what is no reference', async () => {
    const codeOf = async (reference: string): Promise<string> =>
      (await appErrorOf(inActivity(() => resolve({ reference })))).code
    expect(await codeOf(`secret://test/${secretId}#9`)).to.equal('secret.no_value')
    expect(await codeOf('secret://no/such')).to.equal('secret.no_value')
    expect(await codeOf('second')).to.equal('secret.reference_invalid')
    await setDeleted(database.db, secretId, true)
    expect(await codeOf(`secret://test/${secretId}`)).to.equal('secret.no_value')
  })

  it('works in an activity alone', async () => {
    const error = await rejection(resolve())
    expect(error.message).to.match(/activity/i)
    expect(await accesses()).to.deep.equal([])
  })

  it('reads nothing when the access can’t be recorded', async () => {
    await database.owner.execute('alter table secret_access_log add constraint closed check (version < 0) not valid')
    try {
      const error = await appErrorOf(inActivity(() => resolve()))
      expect([error.code, error.retryable]).to.deep.equal(['vault.access_unlogged', true])
    } finally {
      await database.owner.execute('alter table secret_access_log drop constraint closed')
    }
  })
})
