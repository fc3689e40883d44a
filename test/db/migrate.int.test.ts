// Migrations on a real database: an older release leaves a newer schema alone, and says so.
import { expect } from 'chai'
import { migrate } from '../../db/migrate.ts'
import { appErrorOf } from '../support/app-error-of.ts'
import { startTestDatabase } from '../support/database.ts'

describe('migrations', function () {
  this.timeout(60_000)

  it('refuse a database that a newer release has migrated, by name', async () => {
    const { owner, stop } = await startTestDatabase()
    try {
      expect(await migrate(owner)).to.deep.equal([])
      await owner.execute(`insert into schema_migrations (name) values ('9999-later')`)
      const error = await appErrorOf(migrate(owner))
      expect([error.code, error.detail?.includes('9999-later')]).to.deep.equal(['service.unavailable', true])
    } finally {
      await owner.execute(`delete from schema_migrations where name = '9999-later'`)
      await stop()
    }
  })
})
