// Accounts on a real database: what the tables refuse, and what happens when two people change them at once.
import { randomUUID } from 'node:crypto'
import { expect } from 'chai'
import { createSession, findActor, revokeSession } from '../../../db/auth/sessions.ts'
import { createUser, findUserForLogin, getUser, listUsers, updateUser } from '../../../db/auth/users.ts'
import type { Db } from '../../../db/database.ts'
import { newId } from '../../../db/ids.ts'
import { seed } from '../../../db/seed.ts'
import type { User } from '../../../domain/auth/user.ts'
import { AppError } from '../../../domain/errors.ts'
import { type TestDatabase, startTestDatabase } from '../../support/database.ts'
import { type SignInParts, countQueries, makeUser, signInParts, uniqueEmail } from '../../support/sign-in-parts.ts'

/** The AppError that a promise is rejected with. */
async function failureOf(work: Promise<unknown>): Promise<AppError> {
  const error = await work.then(
    () => undefined,
    (reason: unknown) => reason,
  )
  expect(error).to.be.instanceOf(AppError)
  return error as AppError
}

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

  async function openSession(user: User): Promise<string> {
    const { passwordHash = '' } = (await findUserForLogin(database.db, user.email)) ?? {}
    const id = newId()
    const input = { id, userId: user.id, passwordHash, ip: undefined, userAgent: undefined }
    expect(await createSession(database.db, input)).to.equal(true)
    return id
  }

  /** Starts `second` while `first` isn't committed yet, and commits once `second` is done or waits for it. */
  async function overlapping<T>(first: (tx: Db) => Promise<unknown>, second: (db: Db) => Promise<T>): Promise<T> {
    const [one, two] = [database.open(), database.open()]
    await two.query('select 1 as connected')
    let start = (): void => undefined
    const started = new Promise<void>((resolve) => {
      start = resolve
    })
    const state = { settled: false }
    // Begun outside the transaction's asynchronous context, which its queries would otherwise join.
    const result = started
      .then(() => second(two))
      .finally(() => {
        state.settled = true
      })
    await one.transaction(async (tx) => {
      await first(tx)
      start()
      for (let asked = 0; asked < 100 && !state.settled; asked += 1) {
        const waiting = await tx.query('select pid from pg_locks where not granted')
        if (waiting.length > 0) break
      }
    })
    return await result
  }

  describe('creating', () => {
    it('gives a new account the role user and what it grants', async () => {
      const user = await createUser(database.db, newUser(uniqueEmail()))
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
      expect(await createUser(database.db, input)).to.deep.equal(first)
      const stolen = await failureOf(createUser(database.db, { ...input, email: uniqueEmail() }))
      expect(stolen.code).to.equal('auth.email_taken')
    })

    it('leaves nothing behind when a role is unknown', async () => {
      const input = newUser(uniqueEmail())
      const failure = await failureOf(createUser(database.db, { ...input, roles: ['user', 'emperor'] }))
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
      expect((await failureOf(updateUser(database.db, { userId: user.id, patch }))).code).to.equal('request.invalid')
      expect(await getUser(database.db, user.id)).to.deep.equal(user)
      const missing = updateUser(database.db, { userId: randomUUID(), patch: { displayName: 'Nobody' } })
      expect((await failureOf(missing)).code).to.equal('resource.not_found')
    })
  })

  describe('the last administrator', () => {
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
      for (const patch of [
        { roles: ['user'] },
        { roles: [] },
        { disabled: true },
        { displayName: 'X', disabled: true },
      ])
        expect((await failureOf(updateUser(database.db, { userId, patch }))).code).to.equal('auth.last_administrator')
      expect(await getUser(database.db, userId)).to.deep.equal(last)
    })

    it('is counted among those who can sign in', async () => {
      const [active, disabled] = await soleAdministrators(2)
      await updateUser(database.db, { userId: disabled?.id ?? '', patch: { disabled: true } })
      const demotion = updateUser(database.db, { userId: active?.id ?? '', patch: { roles: ['user'] } })
      expect((await failureOf(demotion)).code).to.equal('auth.last_administrator')
      await updateUser(database.db, { userId: disabled?.id ?? '', patch: { roles: ['user'] } })
    })

    it('is found out only after another removal has committed', async () => {
      const [one, two] = await soleAdministrators(2)
      const failure = await overlapping(
        (tx) => updateUser(tx, { userId: one?.id ?? '', patch: { disabled: true } }),
        (db) => failureOf(updateUser(db, { userId: two?.id ?? '', patch: { roles: [] } })),
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

  describe('sessions', () => {
    it('show who acts, with what the roles grant', async () => {
      const user = await makeUser(parts, { roles: ['user', 'auditor'] })
      const sessionId = await openSession(user)
      const actor = await findActor(database.db, { userId: user.id, sessionId })
      expect(actor).to.deep.equal({
        userId: user.id,
        sessionId,
        email: user.email,
        roles: ['auditor', 'user'],
        permissions: user.permissions,
      })
    })

    it('belong to one account', async () => {
      const [one, two] = await Promise.all([makeUser(parts), makeUser(parts)])
      const sessionId = await openSession(one)
      expect(await findActor(database.db, { userId: two.id, sessionId })).to.equal(undefined)
    })

    it('end by themselves, when they are revoked, and with the account’s disabling', async () => {
      const user = await makeUser(parts)
      const expired = await openSession(user)
      await database.db.execute(`update sessions set expires_at = now() where id = $1`, [expired])
      const revoked = await openSession(user)
      await revokeSession(database.db, revoked)
      const current = await openSession(user)
      const actorIn = (sessionId: string) => findActor(database.db, { userId: user.id, sessionId })
      expect(await actorIn(expired)).to.equal(undefined)
      expect(await actorIn(revoked)).to.equal(undefined)
      expect(await actorIn(current)).to.include({ userId: user.id })
      await updateUser(database.db, { userId: user.id, patch: { disabled: true } })
      expect(await actorIn(current)).to.equal(undefined)
      await updateUser(database.db, { userId: user.id, patch: { disabled: false } })
      expect(await actorIn(current), 'revived by enabling').to.equal(undefined)
    })

    it('aren’t made for a disabled account, nor with a password that was changed meanwhile', async () => {
      const user = await makeUser(parts)
      const { passwordHash = '' } = (await findUserForLogin(database.db, user.email)) ?? {}
      const session = () => ({ id: newId(), userId: user.id, passwordHash, ip: undefined, userAgent: undefined })
      await updateUser(database.db, { userId: user.id, patch: { disabled: true } })
      expect(await createSession(database.db, session())).to.equal(false)
      await updateUser(database.db, { userId: user.id, patch: { disabled: false } })
      expect(await createSession(database.db, session())).to.equal(true)
      expect(await createSession(database.db, { ...session(), passwordHash: 'another' })).to.equal(false)
    })

    it('are good for nothing while the account is disabled, however that was done', async () => {
      const user = await makeUser(parts)
      const sessionId = await openSession(user)
      await database.db.execute('update users set disabled_at = now() where id = $1', [user.id])
      expect(await findActor(database.db, { userId: user.id, sessionId })).to.equal(undefined)
    })

    it('aren’t made while a disabling is about to commit', async () => {
      const user = await makeUser(parts)
      const { passwordHash = '' } = (await findUserForLogin(database.db, user.email)) ?? {}
      const input = { id: newId(), userId: user.id, passwordHash, ip: undefined, userAgent: undefined }
      const made = await overlapping(
        (tx) => updateUser(tx, { userId: user.id, patch: { disabled: true } }),
        (db) => createSession(db, input),
      )
      expect(made).to.equal(false)
    })

    it('never outlive a disabling that runs at the same time', async () => {
      for (let round = 0; round < 5; round += 1) {
        const user = await makeUser(parts)
        const { passwordHash = '' } = (await findUserForLogin(database.db, user.email)) ?? {}
        const input = { userId: user.id, passwordHash, ip: undefined, userAgent: undefined }
        await Promise.all([
          ...Array.from({ length: 4 }, () => createSession(database.db, { ...input, id: newId() })),
          updateUser(database.db, { userId: user.id, patch: { disabled: true } }),
        ])
        const live = await database.db.query('select id from sessions where user_id = $1 and revoked_at is null', [
          user.id,
        ])
        expect(live, `round ${round}`).to.deep.equal([])
      }
    })
  })
})
