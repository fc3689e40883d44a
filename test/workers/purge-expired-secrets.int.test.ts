// Thirty days after their deletion secrets are gone, and not a day before.
import { expect } from 'chai'
import { getSecret } from '../../db/vault/secrets.ts'
import { appErrorOf } from '../support/app-error-of.ts'
import { type TestDatabase, startTestDatabase } from '../support/database.ts'
import { makeSecret, newMasterKey, putValues, vaultOf } from '../support/vault-parts.ts'
import { purgeExpiredSecrets } from '../../workers/purge-expired-secrets.ts'

describe('purging expired secrets', () => {
  let database: TestDatabase
  before(async function () {
    this.timeout(60_000)
    database = await startTestDatabase()
  })
  after(() => database?.stop())

  it('removes those that can’t be restored any more, and no other', async () => {
    const { db, owner } = database
    const key = newMasterKey('a')
    const vault = await vaultOf(db, key)
    const [kept, deleted, expired] = [await makeSecret({ db }), await makeSecret({ db }), await makeSecret({ db })]
    for (const id of [kept, deleted, expired]) await putValues({ db, vault }, id, 'v')
    const age = `update secrets set deleted_at = now() - $2::interval where id = $1`
    await owner.execute(age, [deleted, '29 days 23 hours'])
    await owner.execute(age, [expired, '30 days 1 minute'])
    const sealed = await vaultOf(db, newMasterKey('a'))
    expect((await appErrorOf(purgeExpiredSecrets({ db, vault: sealed }))).code).to.equal('vault.sealed')
    expect((await getSecret(db, expired)).id).to.equal(expired)
    // Two workers sweep at once.
    await Promise.all([purgeExpiredSecrets({ db, vault }), purgeExpiredSecrets({ db: database.open(), vault })])
    expect((await appErrorOf(getSecret(db, expired))).code).to.equal('resource.not_found')
    const rows = await db.query('select secret_id as id from secret_versions order by secret_id')
    expect(rows).to.deep.equal([kept, deleted].sort().map((id) => ({ id })))
  })
})
