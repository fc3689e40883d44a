// Chats on a real database: a repeated creation, a change of some settings, and nothing for anybody but the owner.
import { expect } from 'chai'
import { createChat, deleteChat, getChat, listChats, updateChat } from '../../../db/chat/chats.ts'
import { newId } from '../../../db/ids.ts'
import { appErrorOf } from '../../support/app-error-of.ts'
import { startTestDatabase, type TestDatabase } from '../../support/database.ts'

describe('chats', function () {
  this.timeout(60_000)
  let database: TestDatabase

  before(async () => {
    database = await startTestDatabase()
  })
  after(() => database.stop())

  async function makeUser(): Promise<string> {
    const id = newId()
    const user = { id, email: `${id}@example.org`, displayName: 'U', passwordHash: 'x', pepperId: '1' }
    await database.db.models.User.create(user)
    return id
  }

  it('are created once by their id, changed in part, listed newest first, and deleted', async () => {
    const { db } = database
    const userId = await makeUser()
    const access = { userId, chatId: newId() }
    const settings = { title: 'First', temperature: 0.5, collectionIds: [newId()] }
    const { chat, made } = await createChat(db, access, settings)
    expect(made).to.equal(true)
    expect(await createChat(db, access, { title: 'Again' })).to.deep.equal({ chat, made: false })
    expect(chat.collectionIds).to.deep.equal(settings.collectionIds)
    const changed = await updateChat(db, access, { temperature: null, title: 'Second' })
    expect([changed.title, changed.temperature, changed.collectionIds]).to.deep.equal([
      'Second',
      null,
      settings.collectionIds,
    ])
    expect(await updateChat(db, access, {})).to.deep.include({ title: 'Second', createdAt: chat.createdAt })
    expect(await getChat(db, access)).to.deep.include({ title: 'Second', id: access.chatId })
    const { chat: newer } = await createChat(db, { userId, chatId: newId() }, {})
    const first = await listChats(db, userId, { limit: 1, after: undefined })
    expect([first.data[0]?.id, first.hasMore]).to.deep.equal([newer.id, true])
    const second = await listChats(db, userId, { limit: 1, after: first.nextCursor ?? undefined })
    expect([second.data[0]?.id, second.hasMore]).to.deep.equal([access.chatId, false])
    await deleteChat(db, access)
    expect((await appErrorOf(getChat(db, access))).code).to.equal('resource.not_found')
  })

  it('aren’t there for anybody else', async () => {
    const { db } = database
    const chatId = newId()
    await createChat(db, { userId: await makeUser(), chatId }, { title: 'Mine' })
    const stranger = { userId: await makeUser(), chatId }
    const attempts = [
      () => getChat(db, stranger),
      () => updateChat(db, stranger, {}),
      () => updateChat(db, stranger, { title: 'x' }),
      () => deleteChat(db, stranger),
    ]
    for (const attempt of attempts) {
      expect((await appErrorOf(attempt())).code).to.equal('resource.not_found')
    }
  })
})
