// Sessions on a real database: whom they name, and everything that ends them or keeps them from being made.
import { expect } from 'chai'
import { createSession, findActor, revokeSession } from '../../../db/auth/sessions.ts'
import { findUserForLogin, updateUser } from '../../../db/auth/users.ts'
import { newId } from '../../../db/ids.ts'
import { seed } from '../../../db/seed.ts'
import type { User } from '../../../domain/auth/user.ts'
import { type TestDatabase, startTestDatabase } from '../../support/database.ts'
import { overlapping } from '../../support/overlapping.ts'
import { type SignInParts, makeUser, signInParts } from '../../support/sign-in-parts.ts'

const unknownClient = { method: 'password', ip: undefined, userAgent: undefined } as const

describe('sessions', () => {
  let database: TestDatabase
  let parts: SignInParts
  before(async function () {
    this.timeout(60_000)
    database = await startTestDatabase()
    parts = signInParts(database.db)
    await seed(database.owner, { admin: {}, passwords: parts.passwords })
  })
  after(() => database.stop())

  async function openSession(user: User): Promise<string> {
    const passwordHash = (await findUserForLogin(database.db, user.email))?.password?.hash
    const id = newId()
    const input = { id, userId: user.id, passwordHash, ...unknownClient }
    expect(await createSession(database.db, input)).to.equal(true)
    return id
  }

  it('show who acts, with what the roles grant', async () => {
    const user = await makeUser(parts, { roles: ['user', 'auditor'] })
    const sessionId = await openSession(user)
    const actor = await findActor(database.db, { userId: user.id, sessionId })
    expect(actor?.expiresAt).to.be.greaterThan(new Date())
    expect(actor).to.deep.include({
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
    await revokeSession(database.db, { userId: user.id, sessionId: revoked })
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
    const passwordHash = (await findUserForLogin(database.db, user.email))?.password?.hash
    const session = () => ({ id: newId(), userId: user.id, passwordHash, ...unknownClient })
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
    const passwordHash = (await findUserForLogin(database.db, user.email))?.password?.hash
    const input = { id: newId(), userId: user.id, passwordHash, ...unknownClient }
    const made = await overlapping(
      database,
      (tx) => updateUser(tx, { userId: user.id, patch: { disabled: true } }),
      (db) => createSession(db, input),
    )
    expect(made).to.equal(false)
  })

  it('never outlive a disabling that runs at the same time', async () => {
    for (let round = 0; round < 5; round += 1) {
      const user = await makeUser(parts)
      const passwordHash = (await findUserForLogin(database.db, user.email))?.password?.hash
      const input = { userId: user.id, passwordHash, ...unknownClient }
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
