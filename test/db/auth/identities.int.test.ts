// Two first sign-ins of one person at the same moment: on a real Postgres the second one meets the first half done.
import { setTimeout as sleep } from 'node:timers/promises'
import { randomUUID } from 'node:crypto'
import { expect } from 'chai'
import { type ProvenIdentity, type Resolution, resolveIdentity, unlinkIdentities } from '../../../db/auth/identities.ts'
import type { Db } from '../../../db/database.ts'
import { ensureDefaultCollection, listMembers, putMember } from '../../../db/documents/collections.ts'
import { newId } from '../../../db/ids.ts'
import { seed } from '../../../db/seed.ts'
import { appErrorOf } from '../../support/app-error-of.ts'
import { type TestDatabase, startTestDatabase } from '../../support/database.ts'
import { makeUser, signInParts, uniqueEmail } from '../../support/sign-in-parts.ts'

describe('identities of a provider', function () {
  this.timeout(30_000)
  let database: TestDatabase
  before(async function () {
    this.timeout(60_000)
    database = await startTestDatabase()
    await seed(database.owner, { admin: {}, passwords: signInParts(database.db).passwords })
  })
  after(() => database.stop())

  const identityOf = (email: string): ProvenIdentity => ({
    issuer: 'https://id.example.org',
    subject: randomUUID(),
    email,
    displayName: 'Ada',
  })

  const resolve = (db: Db, identity: ProvenIdentity, before?: () => Promise<unknown>): Promise<Resolution> =>
    db.transaction(async (tx) => {
      const resolution = await resolveIdentity(tx, identity, { newUserId: newId(), isOpen: true })
      await before?.()
      return resolution
    })

  /** Both outcomes: the second begins before the first commits. */
  async function overlapping(identity: ProvenIdentity): Promise<readonly Resolution[]> {
    let second: Promise<Resolution> | undefined
    const first = await resolve(database.db, identity, async () => {
      second = Promise.resolve().then(() => resolve(database.open(), identity))
      await sleep(300)
    })
    return [first, ...(second === undefined ? [] : [await second])]
  }

  it('make one account', async () => {
    const [made, known] = await overlapping(identityOf(uniqueEmail()))
    expect(made?.outcome).to.equal('made')
    expect(known).to.deep.equal({ userId: made?.userId, outcome: 'known' })
  })

  it('take an account over once', async () => {
    const { id, email } = await makeUser(signInParts(database.db))
    const taken = { sessions: 0, apiKeys: 0, membersRemoved: 0, secondFactorRemoved: false }
    expect(await overlapping(identityOf(email))).to.deep.equal([
      { userId: id, outcome: 'reclaimed', taken },
      { userId: id, outcome: 'known' },
    ])
  })

  const ofAnotherSubject = (identity: ProvenIdentity): ProvenIdentity => ({ ...identity, subject: randomUUID() })
  const identitiesOf = (userId: string) =>
    database.db.query<{ subject: string }>('select subject from oidc_identities where user_id = $1', [userId])

  it('of another subject with the same address get nobody’s account, whether it was made or linked', async () => {
    const linkedTo = await makeUser(signInParts(database.db))
    for (const email of [uniqueEmail(), linkedTo.email]) {
      const first = identityOf(email)
      const { userId } = await resolve(database.db, first)
      const { code } = await appErrorOf(resolve(database.db, ofAnotherSubject(identityOf(email.toUpperCase()))))
      expect(code).to.equal('auth.oidc_other_identity')
      expect(await identitiesOf(userId)).to.deep.equal([{ subject: first.subject }])
      expect((await resolve(database.db, first)).outcome, 'who was first').to.equal('known')
    }
  })

  it('of another subject get no account that is being made or linked for the first at the same moment', async () => {
    const { email: registered } = await makeUser(signInParts(database.db))
    for (const email of [uniqueEmail(), registered]) {
      const first = identityOf(email)
      const second: { code?: Promise<string> } = {}
      const { userId } = await resolve(database.db, first, async () => {
        second.code = appErrorOf(resolve(database.open(), ofAnotherSubject(first))).then(({ code }) => code)
        await sleep(300)
      })
      expect(await second.code).to.equal('auth.oidc_other_identity')
      expect(await identitiesOf(userId)).to.deep.equal([{ subject: first.subject }])
    }
  })

  it('of another issuer are linked beside the first', async () => {
    const first = identityOf(uniqueEmail())
    const { userId } = await resolve(database.db, first)
    const elsewhere = { ...ofAnotherSubject(first), issuer: 'https://other.example.org' }
    expect(await resolve(database.db, elsewhere)).to.deep.equal({ userId, outcome: 'linked' })
  })

  it('are linked anew once they were unlinked', async () => {
    const first = identityOf(uniqueEmail())
    const { userId } = await resolve(database.db, first)
    const unlink = (id: string) => database.db.transaction((tx) => unlinkIdentities(tx, id))
    expect(await unlink(userId)).to.deep.equal({ identities: 1, sessions: 0 })
    expect(await unlink(userId)).to.deep.equal({ identities: 0, sessions: 0 })
    expect(await resolve(database.db, ofAnotherSubject(first))).to.deep.equal({ userId, outcome: 'linked' })
    expect((await appErrorOf(unlink(newId()))).code).to.equal('resource.not_found')
  })

  it('take an account over from members who add others at the same moment', async () => {
    const parts = signInParts(database.db)
    const [squatted, accomplice, third] = [await makeUser(parts), await makeUser(parts), await makeUser(parts)]
    const collectionId = await ensureDefaultCollection(database.db, squatted.id)
    await putMember(database.db, { userId: squatted.id, collectionId, memberId: accomplice.id, role: 'owner' })
    const adding: { code?: Promise<string> } = {}
    const { taken } = await resolve(database.db, identityOf(squatted.email), async () => {
      const change = { userId: accomplice.id, collectionId, memberId: third.id, role: 'reader' } as const
      adding.code = appErrorOf(putMember(database.open(), change)).then(({ code }) => code)
      await sleep(300)
    })
    expect(taken?.membersRemoved).to.equal(1)
    expect(await adding.code).to.equal('resource.not_found')
    const members = await listMembers(database.db, { userId: squatted.id, collectionId })
    expect(members.map(({ userId, role }) => ({ userId, role }))).to.deep.equal([
      { userId: squatted.id, role: 'owner' },
    ])
  })
})
