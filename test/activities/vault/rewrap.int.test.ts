// The rewrap on a real database: everything comes under the current key, whatever is written meanwhile.
import { expect } from 'chai'
import { createRetireKeys } from '../../../activities/vault/retire-keys.ts'
import { createRewrapVersions } from '../../../activities/vault/rewrap-versions.ts'
import type { Db } from '../../../db/database.ts'
import { countStaleVersions, findVaultKeys } from '../../../db/vault/keys.ts'
import { destroyVersion } from '../../../db/vault/version-states.ts'
import { getStoredVersion, listVersions } from '../../../db/vault/version-rows.ts'
import type { Vault } from '../../../platform/vault/vault.ts'
import { type TestDatabase, startTestDatabase } from '../../support/database.ts'
import { inActivity } from '../../support/in-activity.ts'
import { makeOwner, makeSecret, newMasterKey, putValues, vaultOf } from '../../support/vault-parts.ts'

const [old, next] = [newMasterKey('old'), newMasterKey('new')]

describe('the rewrap', function () {
  this.timeout(120_000)
  let database: TestDatabase
  let db: Db
  beforeEach(async () => {
    database = await startTestDatabase()
    db = database.db
  })
  afterEach(() => database?.stop())

  const rewrap = (vault: Vault, signal?: AbortSignal): Promise<number> =>
    inActivity(createRewrapVersions({ db, vault }), { ...(signal && { signal }) })
  const retire = async (): Promise<number> => {
    const requestedBy = await makeOwner(db)
    return inActivity(() => createRetireKeys({ db })({ requestedBy }))
  }
  const fill = async (vault: Vault, count: number): Promise<string> => {
    const secretId = await makeSecret({ db }, { maxVersions: 100 })
    await putValues({ db, vault }, secretId, ...Array.from({ length: count }, (_, index) => `value ${index + 1}`))
    return secretId
  }
  const expectReadable = async (vault: Vault, secretId: string): Promise<void> => {
    for (const { version } of (await listVersions(db, secretId, { limit: 100 })).data) {
      const value = await vault.open(await getStoredVersion(db, { secretId, version }))
      expect(value.reveal()).to.equal(`value ${version}`)
    }
  }

  it('[V15] leaves everything readable without the old key, which it retires', async () => {
    const secretId = await fill(await vaultOf(db, old), 30)
    const both = await vaultOf(db, next, old)
    expect((await both.status()).staleVersions).to.equal(30)
    expect([await rewrap(both), await retire()]).to.deep.equal([0, 0])
    const alone = await vaultOf(db, next)
    expect(await alone.status()).to.include({ sealed: false, keyId: 'new', staleVersions: 0 })
    await expectReadable(alone, secretId)
    expect((await findVaultKeys(db)).map(({ id, retired }) => [id, retired])).to.deep.equal([
      ['old', true],
      ['new', false],
    ])
  })

  it('leaves the values’ own bytes alone', async () => {
    const secretId = await fill(await vaultOf(db, old), 1)
    const before = await getStoredVersion(db, { secretId, version: 1 })
    await rewrap(await vaultOf(db, next, old))
    const after = await getStoredVersion(db, { secretId, version: 1 })
    expect([before.kekId, after.kekId]).to.deep.equal(['old', 'new'])
    expect(after.ciphertext).to.deep.equal(before.ciphertext)
    expect(after.wrappedDek).not.to.deep.equal(before.wrappedDek)
  })

  it('[V14] loses no write that is made while it runs, nor brings a destroyed value back', async () => {
    const before = await vaultOf(db, old)
    const [first, second] = [await fill(before, 60), await fill(before, 60)]
    const both = await vaultOf(db, next, old)
    await both.requireOpen()
    // A process that has been up since before, and one that has just started, both write on.
    const behind = await vaultOf(database.open(), old, next)
    const [, versions] = await Promise.all([
      (async () => {
        while ((await rewrap(both)) > 0 || (await retire()) > 0);
      })(),
      Promise.all([
        putValues({ db, vault: behind }, first, ...Array.from({ length: 20 }, (_, index) => `value ${61 + index}`)),
        putValues({ db, vault: both }, second, ...Array.from({ length: 20 }, (_, index) => `value ${61 + index}`)),
        db.transaction((tx) => destroyVersion(tx, { secretId: first, version: 7 })),
      ]),
    ])
    expect(versions.slice(0, 2)).to.deep.equal([80, 80])
    expect(await countStaleVersions(db)).to.equal(0)
    const alone = await vaultOf(db, next)
    await expectReadable(alone, second)
    const states = (await listVersions(db, first, { limit: 100 })).data.map(({ version, state }) => [version, state])
    expect(states.filter(([, state]) => state === 'destroyed')).to.deep.equal([[7, 'destroyed']])
    for (const version of [1, 6, 8, 60, 61, 80]) {
      const value = await alone.open(await getStoredVersion(db, { secretId: first, version }))
      expect(value.reveal()).to.equal(`value ${version}`)
    }
  })

  it('goes to the newest key when another one comes in the middle', async () => {
    const secretId = await fill(await vaultOf(db, old), 10)
    await rewrap(await vaultOf(db, next, old))
    const newest = newMasterKey('newest')
    const all = await vaultOf(db, newest, next, old)
    await all.requireOpen()
    expect([await rewrap(all), await retire()]).to.deep.equal([0, 0])
    await expectReadable(await vaultOf(db, newest), secretId)
  })

  it('stops between two batches when it is asked to, and goes on from there', async () => {
    const before = await vaultOf(db, old)
    const secretIds = [await fill(before, 100), await fill(before, 100)]
    const both = await vaultOf(db, next, old)
    await both.requireOpen()
    const stop = new AbortController()
    const stopping: Vault = {
      ...both,
      rewrap: (tx, rows) => {
        stop.abort(new Error('stop'))
        return both.rewrap(tx, rows)
      },
    }
    expect(await rewrap(stopping, stop.signal).catch(({ message }) => message)).to.equal('stop')
    expect(await countStaleVersions(db)).to.equal(100)
    expect(await rewrap(both)).to.equal(0)
    for (const secretId of secretIds) await expectReadable(both, secretId)
  })
})
