// Links that set a password, in their table: which are to be mailed, which are still good, and when they are forgotten.
import { createHash, randomBytes } from 'node:crypto'
import { expect } from 'chai'
import {
  type NewLink,
  createInviteLink,
  createResetLink,
  findLinkedUser,
  findUnsentLink,
  listUnsentLinks,
  noteMailed,
  purgePasswordLinks,
  useLink,
  voidLinks,
} from '../../../db/auth/password-links.ts'
import { updateUser } from '../../../db/auth/users.ts'
import { leastIdOf, newId } from '../../../db/ids.ts'
import { seed } from '../../../db/seed.ts'
import type { User } from '../../../domain/auth/user.ts'
import { type TestDatabase, startTestDatabase } from '../../support/database.ts'
import { makeUser, signInParts, uniqueEmail } from '../../support/sign-in-parts.ts'

const dayMs = 86_400_000

describe('links that set a password', () => {
  let database: TestDatabase
  let user: User
  before(async function () {
    this.timeout(60_000)
    database = await startTestDatabase()
    await seed(database.owner, { admin: {}, passwords: signInParts(database.db).passwords })
  })
  beforeEach(async () => {
    await database.owner.execute('delete from password_links')
    user = await makeUser(signInParts(database.db))
  })
  after(() => database?.stop())

  const linkOf = (id = newId()): NewLink => ({
    id,
    tokenHash: createHash('sha256').update(randomBytes(8)).digest(),
    platformKeyId: '1',
  })
  async function makeLink(id?: string): Promise<NewLink> {
    const link = linkOf(id)
    await createInviteLink(database.db, { ...link, userId: user.id })
    return link
  }
  const age = (interval: string) =>
    database.owner.execute('update password_links set created_at = created_at - $1::interval', [interval])
  const unsent = async (): Promise<string[]> => (await listUnsentLinks(database.db, 5)).map(({ linkId }) => linkId)

  it('are made for the account of an address, whatever its case, and for nobody else', async () => {
    const { db } = database
    const made = await createResetLink(db, { ...linkOf(), email: user.email.toUpperCase(), allowed: true })
    expect(made).to.deep.equal({ userId: user.id, made: true })
    const refused = await createResetLink(db, { ...linkOf(), email: user.email, allowed: false })
    expect(refused).to.deep.equal({ userId: user.id, made: false })
    const unknown = await createResetLink(db, { ...linkOf(), email: uniqueEmail(), allowed: true })
    expect(unknown).to.deep.equal({ userId: undefined, made: false })
    await updateUser(db, { userId: user.id, patch: { disabled: true } })
    const disabled = await createResetLink(db, { ...linkOf(), email: user.email, allowed: true })
    expect(disabled).to.deep.equal({ userId: user.id, made: false })
  })

  it('of an invitation hold for three days', async () => {
    await makeLink()
    const [row] = await database.db.query(
      'select extract(epoch from expires_at - created_at)::int as seconds from password_links',
    )
    expect(row).to.deep.equal({ seconds: 72 * 3_600 })
  })

  it('wait for their mail until they are mailed, used or over, and while their account is live', async () => {
    const { db } = database
    const [fresh, mailed, used] = [await makeLink(), await makeLink(), await makeLink()]
    expect(await unsent(), 'about to be started by their request').to.deep.equal([])
    await age('1 minute')
    expect(await unsent()).to.have.members([fresh.id, mailed.id, used.id])
    await noteMailed(db, mailed.id)
    expect(await useLink(db, { userId: user.id, tokenHash: used.tokenHash })).to.equal('invite')
    expect(await unsent()).to.deep.equal([fresh.id])
    expect(await findUnsentLink(db, mailed.id)).to.equal(undefined)
    expect(await findUnsentLink(db, fresh.id)).to.include({ email: user.email, purpose: 'invite', platformKeyId: '1' })
    await updateUser(db, { userId: user.id, patch: { disabled: true } })
    expect(await unsent()).to.deep.equal([])
    expect(await findUnsentLink(db, fresh.id)).to.equal(undefined)
    await updateUser(db, { userId: user.id, patch: { disabled: false } })
    await database.owner.execute('update password_links set expires_at = now()')
    expect(await unsent()).to.deep.equal([])
    expect(await findUnsentLink(db, fresh.id)).to.equal(undefined)
  })

  it('are used once, by their own account, and all of them are void with one statement', async () => {
    const { db } = database
    const [one, two] = [await makeLink(), await makeLink()]
    const stranger = await makeUser(signInParts(db))
    expect(await findLinkedUser(db, one.tokenHash)).to.equal(user.id)
    expect(await useLink(db, { userId: stranger.id, tokenHash: one.tokenHash })).to.equal(undefined)
    expect(await useLink(db, { userId: user.id, tokenHash: one.tokenHash })).to.equal('invite')
    expect(await useLink(db, { userId: user.id, tokenHash: one.tokenHash })).to.equal(undefined)
    expect(await findLinkedUser(db, one.tokenHash)).to.equal(undefined)
    await voidLinks(db, user.id)
    expect(await useLink(db, { userId: user.id, tokenHash: two.tokenHash })).to.equal(undefined)
  })

  it('are forgotten after a month, and not before', async () => {
    const idOf = (days: number): string => leastIdOf(new Date(Date.now() - days * dayMs)).replace(/.{4}$/, 'abcd')
    const [old, kept] = [await makeLink(idOf(31)), await makeLink(idOf(29))]
    const purged = await Promise.all([purgePasswordLinks(database.db), purgePasswordLinks(database.open())])
    expect(purged.reduce((sum, count) => sum + count)).to.equal(1)
    const left = await database.db.query<{ id: string }>('select id from password_links')
    expect(left).to.deep.equal([{ id: kept.id }])
    expect(old.id).to.not.equal(kept.id)
  })
})
