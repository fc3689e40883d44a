// The rule that an administrator is left, against every way of breaking it and against two of them at once.
import { expect } from 'chai'
import { getUser, updateUser } from '../../../db/auth/users.ts'
import { seed } from '../../../db/seed.ts'
import type { User } from '../../../domain/auth/user.ts'
import type { AppError } from '../../../domain/errors.ts'
import { appErrorOf } from '../../support/app-error-of.ts'
import { type TestDatabase, startTestDatabase } from '../../support/database.ts'
import { overlapping } from '../../support/overlapping.ts'
import { type SignInParts, makeUser, signInParts } from '../../support/sign-in-parts.ts'

describe('the last administrator', () => {
  let database: TestDatabase
  let parts: SignInParts
  before(async function () {
    this.timeout(60_000)
    database = await startTestDatabase()
    parts = signInParts(database.db)
    await seed(database.owner, { admin: {}, passwords: parts.passwords })
  })
  after(() => database.stop())

  /** Leaves exactly these accounts as active administrators. */
  async function soleAdministrators(count: number): Promise<User[]> {
    const made = await Promise.all(Array.from({ length: count }, () => makeUser(parts, { roles: ['admin'] })))
    await database.db.execute(
      `delete from user_roles ur using roles r where r.id = ur.role_id and r.name = 'admin'
         and ur.user_id <> all($1::uuid[])`,
      [made.map(({ id }) => id)],
    )
    return made
  }

  it('can’t be demoted or disabled, whatever else is changed with it', async () => {
    const [last] = await soleAdministrators(1)
    const userId = last?.id ?? ''
    for (const patch of [{ roles: ['user'] }, { roles: [] }, { disabled: true }, { displayName: 'X', disabled: true }])
      expect((await appErrorOf(updateUser(database.db, { userId, patch }))).code).to.equal('auth.last_administrator')
    expect(await getUser(database.db, userId)).to.deep.equal(last)
  })

  it('is counted among those who can sign in', async () => {
    const [active, disabled] = await soleAdministrators(2)
    await updateUser(database.db, { userId: disabled?.id ?? '', patch: { disabled: true } })
    const demotion = updateUser(database.db, { userId: active?.id ?? '', patch: { roles: ['user'] } })
    expect((await appErrorOf(demotion)).code).to.equal('auth.last_administrator')
    await updateUser(database.db, { userId: disabled?.id ?? '', patch: { roles: ['user'] } })
  })

  it('is found out only after another removal has committed', async () => {
    const [one, two] = await soleAdministrators(2)
    const failure = await overlapping(
      database,
      (tx) => updateUser(tx, { userId: one?.id ?? '', patch: { disabled: true } }),
      (db) => appErrorOf(updateUser(db, { userId: two?.id ?? '', patch: { roles: [] } })),
    )
    expect(failure.code).to.equal('auth.last_administrator')
  })

  it('is left when all administrators are removed at the same time', async () => {
    const admins = await soleAdministrators(6)
    const results = await Promise.allSettled(
      admins.map(({ id }, index) =>
        updateUser(database.open(), {
          userId: id,
          patch: index % 2 === 0 ? { disabled: true } : { roles: ['user'] },
        }),
      ),
    )
    const refusals = results.flatMap((result) => (result.status === 'rejected' ? [result.reason as AppError] : []))
    expect(refusals.map(({ code }) => code)).to.deep.equal(['auth.last_administrator'])
    const left = await database.db.query(
      `select u.id from users u join user_roles ur on ur.user_id = u.id join roles r on r.id = ur.role_id
       where r.name = 'admin' and u.disabled_at is null`,
    )
    expect(left).to.have.length(1)
  })
})
