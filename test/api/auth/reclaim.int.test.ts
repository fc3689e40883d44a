// Doors that a squatter leaves open: somebody registers with an address that isn't theirs, and shares the account's collections
// with themselves. Whoever then proves that the address is theirs, by a provider or by a mail, is alone in them.
import { randomBytes } from 'node:crypto'
import { expect } from 'chai'
import { createResetLink } from '../../../db/auth/password-links.ts'
import { setPassword } from '../../../db/auth/passwords.ts'
import { createCollection, ensureDefaultCollection, listMembers, putMember } from '../../../db/documents/collections.ts'
import { getDocument, insertDocument } from '../../../db/documents/documents.ts'
import { newId } from '../../../db/ids.ts'
import { hashOfLinkToken } from '../../../platform/auth/password-links.ts'
import { type ApiClient, createApiClient, signIn } from '../../support/api-client.ts'
import { appErrorOf } from '../../support/app-error-of.ts'
import { type OidcWorld, cookiesOf, startOidcWorld } from '../../support/oidc-world.ts'
import { makeUser } from '../../support/sign-in-parts.ts'

const password = 'correct horse battery'

describe('an account whose address somebody proves to be theirs', function () {
  this.timeout(30_000)
  let world: OidcWorld
  before(async function () {
    this.timeout(60_000)
    world = await startOidcWorld()
  })
  after(() => world.stop())

  const makeCollection = async (ownerId: string): Promise<string> => {
    const { collection } = await createCollection(world.server.parts.db, {
      id: newId(),
      ownerId,
      name: 'A',
      description: '',
    })
    return collection.id
  }

  /** An account that a squatter has registered, who lets an accomplice into what it has. */
  async function squat() {
    const { parts } = world.server
    const [{ id: userId, email }, { id: accompliceId }] = [await makeUser(parts, { password }), await makeUser(parts)]
    const share = (by: string, collectionId: string, memberId: string, role: 'reader' | 'editor' | 'owner') =>
      putMember(parts.db, { userId: by, collectionId, memberId, role })
    const standard = await ensureDefaultCollection(parts.db, userId)
    await share(userId, standard, accompliceId, 'reader')
    const demoted = await makeCollection(userId)
    await share(userId, demoted, accompliceId, 'owner')
    await share(accompliceId, demoted, userId, 'editor')
    const foreign = await makeCollection(accompliceId)
    await share(accompliceId, foreign, userId, 'editor')
    return { userId, email, accompliceId, standard, demoted, foreign }
  }

  const membersOf = async (userId: string, collectionId: string): Promise<string[]> =>
    (await listMembers(world.server.parts.db, { userId, collectionId })).map((one) => `${one.userId} ${one.role}`)

  async function expectAlone({ userId, accompliceId, standard, demoted, foreign }: Awaited<ReturnType<typeof squat>>) {
    const { db } = world.server.parts
    for (const collectionId of [standard, demoted]) {
      expect(await membersOf(userId, collectionId)).to.deep.equal([`${userId} owner`])
      const file = { title: 'A', filename: 'a.txt', mediaType: 'text/plain', sizeBytes: 1, sha256: newId() }
      const { document } = await insertDocument(db, { id: newId(), collectionId, ownerId: userId, ...file })
      const reading = getDocument(db, { userId: accompliceId, documentId: document.id })
      expect((await appErrorOf(reading)).code).to.equal('resource.not_found')
    }
    expect(await membersOf(userId, foreign), 'what isn’t its own').to.have.members([
      `${accompliceId} owner`,
      `${userId} editor`,
    ])
  }

  const detailsOf = async (userId: string, action: string): Promise<unknown> =>
    (await world.told(userId)).findLast((event) => event.action === action)?.details

  async function reset(email: string): Promise<void> {
    const token = randomBytes(32).toString('base64url')
    const link = { id: newId(), tokenHash: hashOfLinkToken(token), platformKeyId: '1' }
    await createResetLink(world.server.parts.db, { email, allowed: true, ...link })
    const body = { token, newPassword: 'another horse staple' }
    expect((await createApiClient(world.server.url).post('/auth/password/reset', body)).status).to.equal(204)
  }

  it('by a provider shares its collections with nobody', async () => {
    const squatted = await squat()
    const { email, userId } = squatted
    expect((await world.signIn(world.person({ email }).sub)).status).to.equal(302)
    await expectAlone(squatted)
    expect(await detailsOf(userId, 'identity.create')).to.include({ reclaimed: true, membersRemoved: 2 })
  })

  it('by a mail shares its collections with nobody', async () => {
    const squatted = await squat()
    await reset(squatted.email)
    await expectAlone(squatted)
    expect(await detailsOf(squatted.userId, 'password.reset')).to.deep.equal({
      purpose: 'reset',
      sessions: 0,
      apiKeys: 0,
      reclaimed: true,
      membersRemoved: 2,
      secondFactorRemoved: false,
    })
  })

  it('goes on sharing what its owner shares, whatever comes later', async () => {
    const { userId, email, accompliceId, standard } = await squat()
    await reset(email)
    await putMember(world.server.parts.db, { userId, collectionId: standard, memberId: accompliceId, role: 'reader' })
    await reset(email)
    expect((await world.signIn(world.person({ email }).sub)).status).to.equal(302)
    expect(await membersOf(userId, standard)).to.include(`${accompliceId} reader`)
    expect(await detailsOf(userId, 'password.reset')).to.not.have.property('reclaimed')
    expect(await detailsOf(userId, 'identity.create')).to.include({ reclaimed: false })
  })

  describe('and that is linked to one person', () => {
    /** An account that was made by a first sign-in, and somebody whom the provider gives its address later. */
    async function recycle() {
      const first = world.person()
      const browser = world.browser()
      await world.signIn(first.sub, browser)
      const { id: userId } = await world.whoIs(browser)
      return { userId, first, second: world.person({ email: first.email }) }
    }
    const unlink = (by: ApiClient, userId: string) => by.request('DELETE', `/users/${userId}/identities`)

    it('lets in nobody else who has its address now, until it is unlinked', async () => {
      const { userId, first, second } = await recycle()
      const browser = world.browser()
      const refused = await world.signIn(second.sub, browser)
      expect(refused.status).to.equal(403)
      expect(JSON.parse(refused.text)).to.include({
        code: 'auth.oidc_other_identity',
        title: 'This account is linked to somebody else at the provider',
      })
      expect(cookiesOf(browser)).to.deep.equal(new Map())
      expect((await world.told(userId)).at(-1)).to.deep.include({ action: 'auth.login', outcome: 'failure' })
      expect((await world.signIn(first.sub)).status).to.equal(302)

      const admin = await world.server.clientWith('admin')
      expect((await unlink(admin, userId)).status).to.equal(204)
      expect(await detailsOf(userId, 'identity.delete')).to.deep.equal({ identities: 1, sessions: 2 })
      expect((await world.signIn(second.sub, browser)).status).to.equal(302)
      expect((await world.whoIs(browser)).id).to.equal(userId)
      expect((await world.signIn(first.sub)).status, 'who was unlinked').to.equal(403)
    })

    it('is out of its sessions when it is unlinked, at once', async () => {
      const { userId, first } = await recycle()
      const { db, passwords } = world.server.parts
      await setPassword(db, { userId, password: await passwords.hash(password) })
      const signedIn = await signIn(world.server.url, { email: first.email, password })
      expect((await signedIn.get('/auth/me')).status).to.equal(200)
      expect((await unlink(await world.server.clientWith('admin'), userId)).status).to.equal(204)
      expect((await signedIn.get('/auth/me')).status).to.equal(401)
    })

    it('is unlinked by whoever may change accounts, and by no key of theirs', async () => {
      const { userId } = await recycle()
      const [admin, auditor] = [await world.server.clientWith('admin'), await world.server.clientWith('auditor')]
      expect((await unlink(auditor, userId)).body).to.include({ status: 403, code: 'auth.forbidden' })
      const made = await admin.post('/auth/api-keys', { name: 'A', scopes: ['user:write'] })
      const program = createApiClient(world.server.url, made.body['key'])
      expect((await unlink(program, userId)).body).to.include({ status: 403, code: 'auth.session_required' })
      expect((await unlink(admin, newId())).body).to.include({ status: 404, code: 'resource.not_found' })
      expect(await detailsOf(userId, 'identity.delete')).to.equal(undefined)
      const local = await world.server.clientWith('user')
      expect((await unlink(admin, local.userId)).status, 'where there is none').to.equal(204)
      expect(await detailsOf(local.userId, 'identity.delete')).to.deep.equal({ identities: 0, sessions: 0 })
      expect((await local.get('/auth/me')).status).to.equal(200)
    })
  })
})
