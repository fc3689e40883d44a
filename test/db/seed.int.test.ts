// Seeding a real database: many instances at once, again at every start, and after an upgrade.
import { expect } from 'chai'
import { findUserForLogin, listUsers } from '../../db/auth/users.ts'
import { seed } from '../../db/seed.ts'
import { permissions, roleSeeds } from '../../domain/auth/permission.ts'
import { AppError } from '../../domain/errors.ts'
import { SecretValue } from '../../platform/secret-value.ts'
import { createPasswords } from '../../platform/passwords.ts'
import { type TestDatabase, startTestDatabase } from '../support/database.ts'
import { newPlatformKeys } from '../support/sign-in-parts.ts'

const passwords = createPasswords({ keys: newPlatformKeys(), cost: 4 })

describe('seed', () => {
  let database: TestDatabase
  before(async function () {
    this.timeout(60_000)
    database = await startTestDatabase()
  })
  beforeEach(() => database.owner.execute('truncate users, roles, permissions cascade'))
  after(() => database.stop())

  const grantsOf = async (role: string): Promise<string[]> => {
    const rows = await database.db.query<{ permission: string }>(
      `select permission from role_permissions rp join roles r on r.id = rp.role_id where r.name = $1`,
      [role],
    )
    return rows.map(({ permission }) => permission)
  }

  it('makes one administrator when six instances start at once, and tells its password once', async () => {
    const seeded = await Promise.all(
      Array.from({ length: 6 }, () => seed(database.open('owner'), { admin: {}, passwords })),
    )
    const made = seeded.flatMap(({ administrator }) => administrator ?? [])
    expect(made).to.have.length(1)
    expect(made[0]?.email).to.equal('admin@cdsa.localhost')
    expect(made[0]?.password).to.have.length(24)
    const { data } = await listUsers(database.db, { limit: 10 })
    expect(data).to.have.length(1)
    expect(data[0]).to.deep.include({ email: 'admin@cdsa.localhost', roles: ['admin'], disabled: false })
    expect(data[0]?.permissions).to.have.members(permissions)
    const stored = await findUserForLogin(database.db, 'admin@cdsa.localhost')
    expect((await passwords.verify(made[0]?.password ?? '', stored?.password)).valid).to.equal(true)
  })

  it('seeds the built-in roles with what they grant', async () => {
    await seed(database.owner, { admin: {}, passwords })
    for (const role of roleSeeds) expect(await grantsOf(role.name), role.name).to.have.members([...role.permissions])
  })

  it('changes nothing at the next start, whoever is asked for as administrator', async () => {
    await seed(database.owner, { admin: {}, passwords })
    const admin = { email: 'other@example.org', password: new SecretValue('correct horse battery') }
    expect(await seed(database.owner, { admin, passwords })).to.deep.equal({})
    expect((await listUsers(database.db, { limit: 10 })).data).to.have.length(1)
  })

  it('uses the given address and password, and doesn’t tell the password again', async () => {
    const admin = { email: 'Root@Example.org', password: new SecretValue('correct horse battery') }
    expect(await seed(database.owner, { admin, passwords })).to.deep.equal({})
    const stored = await findUserForLogin(database.db, 'root@example.org')
    expect((await passwords.verify('correct horse battery', stored?.password)).valid).to.equal(true)
  })

  it('refuses a given password that nobody could register with, and doesn’t quote it', async () => {
    const failure = await seed(database.owner, { admin: { password: new SecretValue('tooshort') }, passwords }).then(
      () => undefined,
      (error: unknown) => error,
    )
    expect(failure).to.be.instanceOf(AppError).with.property('code', 'request.invalid')
    expect((failure as AppError).message).not.to.include('tooshort')
    expect((await listUsers(database.db, { limit: 10 })).data).to.deep.equal([])
  })

  it('gives an upgrade’s new permission to the built-in roles that list it', async () => {
    await seed(database.owner, { admin: {}, passwords })
    await database.owner.execute(`delete from permissions where name = 'tool:read'`)
    await seed(database.owner, { admin: {}, passwords })
    for (const role of roleSeeds) expect(await grantsOf(role.name), role.name).to.have.members([...role.permissions])
  })

  it('gives nothing back that was taken from a role, except from the administrators’', async () => {
    await seed(database.owner, { admin: {}, passwords })
    await database.owner.execute(`delete from role_permissions where permission = 'tool:execute'`)
    await seed(database.owner, { admin: {}, passwords })
    expect(await grantsOf('user')).not.to.include('tool:execute')
    expect(await grantsOf('admin')).to.have.members(permissions)
  })
})
