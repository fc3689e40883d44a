// Versions and their labels on a real database, sealed by the real vault: what a write does, and what it never does.
import { expect } from 'chai'
import { newId } from '../../../db/ids.ts'
import { countStaleVersions } from '../../../db/vault/keys.ts'
import { getSecret, lockSecret, setManaged, updateSecret } from '../../../db/vault/secrets.ts'
import { deleteVersion, destroyVersion, undeleteVersion } from '../../../db/vault/version-states.ts'
import {
  findVersionByLabel,
  findVersionsByLabel,
  getStoredVersion,
  getVersion,
  listVersions,
  selectVersion,
} from '../../../db/vault/version-rows.ts'
import {
  abandonPending,
  dropPending,
  promotePending,
  putPendingVersion,
  releaseAbandoned,
  retirePrevious,
} from '../../../db/vault/versions.ts'
import type { Vault } from '../../../platform/vault/vault.ts'
import { appErrorOf } from '../../support/app-error-of.ts'
import { type TestDatabase, startTestDatabase } from '../../support/database.ts'
import { rejection } from '../../support/rejection.ts'
import { makeSecret, newMasterKey, putValues, sealNext, vaultOf } from '../../support/vault-parts.ts'

describe('versions of a secret', () => {
  let database: TestDatabase
  let vault: Vault
  before(async function () {
    this.timeout(60_000)
    database = await startTestDatabase()
    vault = await vaultOf(database.db, newMasterKey('a'))
  })
  after(() => database?.stop())

  const parts = () => ({ db: database.db, vault })
  const numbers = async (secretId: string): Promise<number[]> =>
    (await listVersions(database.db, secretId, { limit: 100 })).data.map(({ version }) => version)
  const labels = async (secretId: string) => (await getSecret(database.db, secretId)).labels
  const read = async (secretId: string, version?: number): Promise<string> => {
    const selected = await selectVersion(database.db, { secretId, version })
    const row = await getStoredVersion(database.db, { secretId, version: selected.version })
    return (await vault.open(row)).reveal()
  }
  const putPending = (secretId: string, value: string): Promise<void> =>
    database.db.transaction(async (tx) =>
      putPendingVersion(tx, await sealNext({ ...parts(), db: tx }, secretId, value)),
    )

  it('take the label CURRENT from the one before, which is PREVIOUS then', async () => {
    const secretId = await makeSecret(parts())
    await putValues(parts(), secretId, 'one', 'two', 'three')
    expect(await labels(secretId)).to.deep.equal({ CURRENT: 3, PREVIOUS: 2 })
    expect([await read(secretId), await read(secretId, 1)]).to.deep.equal(['three', 'one'])
  })

  it('[V4] come back from a deletion byte for byte', async () => {
    const secretId = await makeSecret(parts())
    const version = await putValues(parts(), secretId, 'ä\u{1F600}\n"')
    const before = await getStoredVersion(database.db, { secretId, version })
    const deleted = await database.db.transaction((tx) => deleteVersion(tx, { secretId, version }))
    expect([deleted.changed, deleted.version.state]).to.deep.equal([true, 'deleted'])
    expect((await appErrorOf(read(secretId))).code).to.equal('secret.no_value')
    expect((await database.db.transaction((tx) => deleteVersion(tx, { secretId, version }))).changed).to.equal(false)
    const back = await database.db.transaction((tx) => undeleteVersion(tx, { secretId, version }))
    expect([back.changed, back.version.state, back.version.deletedAt]).to.deep.equal([true, 'active', null])
    expect(await getStoredVersion(database.db, { secretId, version })).to.deep.equal(before)
    expect(await read(secretId)).to.equal('ä\u{1F600}\n"')
  })

  it('[V5] hold nothing once they are destroyed, and nothing brings it back', async () => {
    const secretId = await makeSecret(parts())
    const version = await putValues(parts(), secretId, 'gone')
    await database.db.transaction((tx) => destroyVersion(tx, { secretId, version }))
    const kept = `select ciphertext, wrapped_dek as dek, kek_id as kek, state from secret_versions where secret_id = $1`
    expect(await database.db.query(kept, [secretId])).to.deep.equal([
      { ciphertext: null, dek: null, kek: null, state: 'destroyed' },
    ])
    const undelete = database.db.transaction((tx) => undeleteVersion(tx, { secretId, version }))
    expect((await appErrorOf(undelete)).code).to.equal('secret.version_destroyed')
    expect((await appErrorOf(read(secretId))).detail).to.equal('Version 1 is destroyed.')
    expect((await database.db.transaction((tx) => destroyVersion(tx, { secretId, version }))).changed).to.equal(false)
    const revive = `update secret_versions set state = 'active' where secret_id = $1`
    expect((await rejection(database.db.execute(revive, [secretId]))).message).to.include('check')
  })

  it('[V6] are pruned oldest first, and never while they have a label', async () => {
    const secretId = await makeSecret(parts(), { maxVersions: 3 })
    await putValues(parts(), secretId, '1', '2', '3', '4', '5')
    expect(await numbers(secretId)).to.deep.equal([5, 4, 3])
    await putPending(secretId, '6')
    await database.db.transaction((tx) => abandonPending(tx, secretId))
    await putPending(secretId, '7')
    await database.db.transaction((tx) => updateSecret(tx, secretId, { maxVersions: 1 }))
    await putValues(parts(), secretId, '8', '9')
    // CURRENT 9, PREVIOUS 8, PENDING 7, ABANDONED 6: more than one, but all of them have a label.
    expect(await numbers(secretId)).to.deep.equal([9, 8, 7, 6])
    for (const version of [9, 8, 7, 6]) expect(await read(secretId, version)).to.equal(String(version))
    expect(await database.db.transaction((tx) => releaseAbandoned(tx, secretId))).to.deep.equal([6])
    expect(await numbers(secretId)).to.deep.equal([9, 8, 7])
    expect(await database.db.transaction((tx) => retirePrevious(tx, secretId))).to.equal(8)
    await putValues(parts(), secretId, '10')
    expect(await numbers(secretId)).to.deep.equal([10, 9, 7])
  })

  it('of a rotation are pending, then current, and moved back by nothing', async () => {
    const secretId = await makeSecret(parts())
    await putValues(parts(), secretId, 'old')
    await putPending(secretId, 'new')
    expect(await labels(secretId)).to.deep.equal({ CURRENT: 1, PENDING: 2 })
    expect(await read(secretId)).to.equal('old')
    const pending = await findVersionByLabel(database.db, { secretId, label: 'PENDING' })
    expect(pending && (await vault.open(pending)).reveal()).to.equal('new')
    expect((await appErrorOf(putPending(secretId, 'another'))).code).to.equal('secret.pending')
    expect(await database.db.transaction((tx) => promotePending(tx, secretId))).to.equal(2)
    expect(await labels(secretId)).to.deep.equal({ CURRENT: 2, PREVIOUS: 1 })
    expect(await database.db.transaction((tx) => promotePending(tx, secretId))).to.equal(undefined)
    expect(await labels(secretId)).to.deep.equal({ CURRENT: 2, PREVIOUS: 1 })
  })

  it('of a rotation that failed are dropped, or kept as abandoned, as many as there are', async () => {
    const secretId = await makeSecret(parts())
    await putValues(parts(), secretId, 'old')
    await putPending(secretId, 'never sent')
    expect(await database.db.transaction((tx) => dropPending(tx, secretId))).to.equal(2)
    expect(await numbers(secretId)).to.deep.equal([1])
    for (const value of ['sent 1', 'sent 2']) {
      await putPending(secretId, value)
      await database.db.transaction((tx) => abandonPending(tx, secretId))
    }
    const abandoned = await findVersionsByLabel(database.db, secretId, 'ABANDONED')
    expect(abandoned.map(({ version }) => version)).to.deep.equal([4, 3])
    expect(await labels(secretId)).to.deep.equal({ CURRENT: 1 })
    for (const nothing of [dropPending, abandonPending])
      expect(await database.db.transaction((tx) => nothing(tx, secretId))).to.equal(undefined)
  })

  it('have each label but ABANDONED once, whoever writes', async () => {
    const secretId = await makeSecret(parts())
    await putValues(parts(), secretId, '1', '2')
    const twice = `insert into secret_labels (secret_id, version, label) values ($1, 1, 'CURRENT')`
    await rejection(database.db.execute(twice, [secretId]))
    expect(await labels(secretId)).to.deep.equal({ CURRENT: 2, PREVIOUS: 1 })
  })

  it('of a managed secret are left to its policy', async () => {
    const secretId = await makeSecret(parts())
    const version = await putValues(parts(), secretId, 'v')
    await database.db.transaction(async (tx) => {
      await lockSecret(tx, secretId)
      await setManaged(tx, secretId, true)
    })
    for (const change of [deleteVersion, destroyVersion]) {
      const work = database.db.transaction((tx) => change(tx, { secretId, version }))
      expect((await appErrorOf(work)).code).to.equal('secret.managed')
    }
    expect((await getVersion(database.db, { secretId, version })).state).to.equal('active')
  })

  it('are all under the current key as long as no other was made', async () => {
    expect(await countStaleVersions(database.db)).to.equal(0)
  })

  it('get numbers that are never given twice, also by many at once', async () => {
    const secretId = await makeSecret(parts(), { maxVersions: 100 })
    await Promise.all(Array.from({ length: 20 }, (_, index) => putValues(parts(), secretId, `v${index}`)))
    expect(await numbers(secretId)).to.deep.equal(Array.from({ length: 20 }, (_, index) => 20 - index))
    expect(await labels(secretId)).to.deep.equal({ CURRENT: 20, PREVIOUS: 19 })
    const none = await appErrorOf(getVersion(database.db, { secretId: newId(), version: 1 }))
    expect(none.code).to.equal('resource.not_found')
  })
})
