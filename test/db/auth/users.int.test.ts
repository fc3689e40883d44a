// Accounts on a real database: what the tables refuse, and what happens when two people change them at once.
import { randomUUID } from 'node:crypto'
import { expect } from 'chai'
import { createUser, findUserForLogin, getUser, listUsers, updateUser } from '../../../db/auth/users.ts'
import { newId } from '../../../db/ids.ts'
import { seed } from '../../../db/seed.ts'
import type { User } from '../../../domain/auth/user.ts'
import type { AppError } from '../../../domain/errors.ts'
import { appErrorOf } from '../../support/app-error-of.ts'
import { type TestDatabase, startTestDatabase } from '../../support/database.ts'
import { type SignInParts, countQueries, makeUser, signInParts, uniqueEmail } from '../../support/sign-in-parts.ts'

describe('accounts', () => {
  let database: TestDatabase
  let parts: SignInParts
  before(async function () {
    this.timeout(60_000)
    database = await startTestDatabase()
    parts = signInParts(database.db)
    await seed(database.owner, { admin: {}, passwords: parts.passwords })
  })
  after(() => database.stop())

  const newUser = (email: string) => ({
    id: newId(),
    email,
    displayName: 'Ada',
    passwordHash: 'x',
    pepperId: '1',
  })

  describe('creating', () => {
    it('gives a new account the role user and what it grants', async () => {
      const { user, made } = await createUser(database.db, newUser(uniqueEmail()))
      expect(made).to.equal(true)
      expect(user).to.include({ displayName: 'Ada', disabled: false })
      expect(user.roles).to.deep.equal(['user'])
      expect(user.permissions).to.include('chat:write').and.not.include('user:read')
      expect(new Date(user.createdAt).toISOString()).to.equal(user.createdAt)
      expect(await getUser(database.db, user.id)).to.deep.equal(user)
    })

    it('takes each address once, in whatever case it was stored, also when ten ask at once', async () => {
      const email = uniqueEmail()
      const results = await Promise.allSettled(
        Array.from({ length: 10 }, (_, index) =>
          createUser(index % 2 === 0 ? database.db : parts.db, newUser(index < 5 ? email : email.toUpperCase())),
        ),
      )
      expect(results.filter(({ status }) => status === 'fulfilled')).to.have.length(1)
      for (const result of results)
        if (result.status === 'rejected') expect((result.reason as AppError).code).to.equal('auth.email_taken')
      expect(await database.db.query('select id from users where lower(email) = $1', [email])).to.have.length(1)
    })

    it('is repeatable with the same id, and never shows another’s account by it', async () => {
      const input = newUser(uniqueEmail())
      const first = await createUser(database.db, input)
      expect(await createUser(database.db, input)).to.deep.equal({ user: first.user, made: false })
      const stolen = await appErrorOf(createUser(database.db, { ...input, email: uniqueEmail() }))
      expect(stolen.code).to.equal('auth.email_taken')
    })

    it('leaves nothing behind when a role is unknown', async () => {
      const input = newUser(uniqueEmail())
      const failure = await appErrorOf(createUser(database.db, { ...input, roles: ['user', 'emperor'] }))
      expect(failure.code).to.equal('request.invalid')
      expect(failure.errors).to.deep.equal([{ path: 'roles.1', message: 'is no role' }])
      expect(await findUserForLogin(database.db, input.email)).to.equal(undefined)
    })
  })

  describe('listing', () => {
    it('pages through all accounts, newest first, each once and with its roles, in one query a page', async () => {
      const made = await Promise.all(Array.from({ length: 7 }, () => makeUser(parts, { roles: ['user', 'auditor'] })))
      const seen: User[] = []
      let after: string | undefined
      let pages = 0
      const queries = await countQueries(database.db, async () => {
        do {
          const page = await listUsers(database.db, { limit: 3, after })
          seen.push(...page.data)
          after = page.nextCursor ?? undefined
          pages += 1
        } while (after !== undefined)
      })
      const ids = seen.map(({ id }) => id)
      expect(ids).to.deep.equal([...new Set(ids)].toSorted().toReversed())
      expect(ids).to.include.members(made.map(({ id }) => id))
      expect(pages).to.equal(Math.ceil(ids.length / 3))
      expect(queries).to.equal(pages)
      for (const { id } of made) expect(seen.find((user) => user.id === id)?.roles).to.deep.equal(['auditor', 'user'])
    })

    it('has roles and permissions empty, not missing, for an account without roles', async () => {
      const user = await makeUser(parts, { roles: [] })
      const { data } = await listUsers(database.db, { limit: 1 })
      expect(data[0]).to.deep.include({ id: user.id, roles: [], permissions: [] })
    })
  })

  describe('changing', () => {
    it('changes what is named and nothing else', async () => {
      const user = await makeUser(parts)
      const renamed = await updateUser(database.db, { userId: user.id, patch: { displayName: 'Countess' } })
      expect(renamed).to.deep.equal({ ...user, displayName: 'Countess' })
      const promoted = await updateUser(database.db, { userId: user.id, patch: { roles: ['approver', 'auditor'] } })
      expect(promoted.roles).to.deep.equal(['approver', 'auditor'])
      expect(promoted.displayName).to.equal('Countess')
      expect(promoted.permissions).to.include.members(['approval:decide', 'audit:read'])
      const disabled = await updateUser(database.db, { userId: user.id, patch: { disabled: true } })
      expect(disabled).to.deep.equal({ ...promoted, disabled: true })
      const enabled = await updateUser(database.db, { userId: user.id, patch: { disabled: false, roles: [] } })
      expect(enabled).to.deep.include({ disabled: false, roles: [], permissions: [] })
    })

    it('refuses unknown roles and unknown accounts, and changes nothing then', async () => {
      const user = await makeUser(parts)
      const patch = { displayName: 'Countess', roles: ['emperor'] }
      expect((await appErrorOf(updateUser(database.db, { userId: user.id, patch }))).code).to.equal('request.invalid')
      expect(await getUser(database.db, user.id)).to.deep.equal(user)
      const missing = updateUser(database.db, { userId: randomUUID(), patch: { displayName: 'Nobody' } })
      expect((await appErrorOf(missing)).code).to.equal('resource.not_found')
    })
  })
})
