// Changes of the vault's key by many at once: on a real Postgres they could lock each other out. The embedded database, whose
// transactions take turns anyway, can't show that.
import { randomBytes } from 'node:crypto'
import { expect } from 'chai'
import { findVaultKeys, lockVaultKeys, makeVaultKeyCurrent } from '../../../db/vault/keys.ts'
import { type TestDatabase, startTestDatabase } from '../../support/database.ts'

describe('the vault’s keys', function () {
  this.timeout(60_000)
  let database: TestDatabase

  before(async () => {
    database = await startTestDatabase()
  })
  after(() => database?.stop())

  it('change one after the other, whatever the order of their ids', async () => {
    const { db } = database
    const change = async (): Promise<void> => {
      for (let round = 0; round < 25; round += 1) {
        const id = randomBytes(8).toString('hex')
        await db.transaction(async (tx) => {
          await lockVaultKeys(tx)
          await makeVaultKeyCurrent(tx, { id, kcv: id })
        })
      }
    }
    await Promise.all(Array.from({ length: 4 }, change))
    const keys = await findVaultKeys(db)
    expect(keys.filter(({ current }) => current)).to.have.length(1)
    expect(keys).to.have.length(100)
  })
})
