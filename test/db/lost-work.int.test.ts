// What the sweep finds: rows whose workflow was never started or was lost, and none that may still be worked on.
import { expect } from 'chai'
import { createChat } from '../../db/chat/chats.ts'
import { beginTurn } from '../../db/chat/turn-work.ts'
import { createTurn, listOverdueTurns, listUnstartedTurns } from '../../db/chat/turns.ts'
import { ensureDefaultCollection } from '../../db/documents/collections.ts'
import { insertDocument } from '../../db/documents/documents.ts'
import { listStalledDocuments, recordProgress } from '../../db/documents/ingestion.ts'
import { newId } from '../../db/ids.ts'
import { startTestDatabase, type TestDatabase } from '../support/database.ts'

describe('lost work', function () {
  this.timeout(60_000)
  let database: TestDatabase
  let userId: string

  before(async () => {
    database = await startTestDatabase()
    userId = newId()
    const user = { id: userId, email: `${userId}@example.org`, displayName: 'U', passwordHash: 'x', pepperId: '1' }
    await database.db.models.User.create(user)
  })
  after(() => database.stop())

  it('is a document that was queued a while ago, or made no progress for long', async () => {
    const { db } = database
    const id = newId()
    const file = { title: 'T', filename: 't', mediaType: 'text/plain', sizeBytes: 1, sha256: id }
    const collectionId = await ensureDefaultCollection(db, userId)
    const { run } = await insertDocument(db, { id, collectionId, ownerId: userId, ...file })
    const stalled = async () =>
      (await listStalledDocuments(db, { queuedSeconds: 5, silentSeconds: 600 })).map(({ documentId }) => documentId)
    const age = (seconds: number) =>
      db.execute('update documents set updated_at = now() - make_interval(secs => $2) where id = $1', [id, seconds])
    expect(await stalled()).to.deep.equal([])
    await age(10)
    expect(await stalled()).to.deep.equal([id])
    await recordProgress(db, { documentId: id, run }, { status: 'embedding', done: 1, total: 2 })
    await age(500)
    expect(await stalled()).to.deep.equal([])
    await age(700)
    expect(await stalled()).to.deep.equal([id])
    await db.execute(`update documents set status = 'failed', updated_at = now() - interval '1 day' where id = $1`, [
      id,
    ])
    expect(await stalled()).to.deep.equal([])
  })

  it('is a turn that was queued a while ago, or has been running longer than a step may', async () => {
    const { db } = database
    const [chatId, turnId] = [newId(), newId()]
    await createChat(db, { userId, chatId }, {})
    await createTurn(db, {
      userId,
      chatId,
      turnId,
      content: 'x',
      defaultModel: 'offline/extractive',
      attachmentIds: [],
    })
    expect(await listUnstartedTurns(db, 5)).to.deep.equal([])
    await db.execute(`update turns set created_at = now() - interval '10 seconds' where id = $1`, [turnId])
    expect(await listUnstartedTurns(db, 5)).to.deep.equal([{ turnId, userId }])
    await beginTurn(db, turnId)
    expect(await listUnstartedTurns(db, 5)).to.deep.equal([])
    expect(await listOverdueTurns(db, 60)).to.deep.equal([])
    await db.execute(`update turns set step_started_at = now() - interval '61 seconds' where id = $1`, [turnId])
    expect(await listOverdueTurns(db, 60)).to.deep.equal([turnId])
  })
})
