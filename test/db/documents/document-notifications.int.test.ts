// The end of an ingestion and its notification: one commit, once a run, to an owner who may still see the document.
import { expect } from 'chai'
import { replaceChunks } from '../../../db/documents/chunks.ts'
import { createCollection, putMember, removeMember } from '../../../db/documents/collections.ts'
import { deleteDocument, getDocument, insertDocument, requeueDocument } from '../../../db/documents/documents.ts'
import { recordEmbeddingModel } from '../../../db/documents/embedding-models.ts'
import { failIngestion } from '../../../db/documents/ingestion.ts'
import { newId } from '../../../db/ids.ts'
import { grantApplicationRole } from '../../../db/migrate.ts'
import { listNotifications } from '../../../db/notifications/notifications.ts'
import type { StoredProblem } from '../../../domain/errors.ts'
import { createOfflineEmbeddingModel } from '../../../platform/llm/offline/offline-embedding-model.ts'
import { startTestDatabase, type TestDatabase } from '../../support/database.ts'
import { rejection } from '../../support/rejection.ts'

const model = createOfflineEmbeddingModel()
const problem: StoredProblem = {
  code: 'document.no_text',
  title: 'The document holds no text',
  detail: 'Run text recognition over it first.',
}

describe('the end of an ingestion', function () {
  this.timeout(60_000)
  let database: TestDatabase

  before(async () => {
    database = await startTestDatabase()
    const { db, owner } = database
    const [server] = await owner.query<{ embedded: boolean }>(
      `select to_regnamespace('embedded') is not null as embedded`,
    )
    const { name, dimensions } = model
    await recordEmbeddingModel(owner, { name, dimensions, embedded: server?.embedded === true })
    const [role] = await db.query<{ name: string }>('select current_user as name')
    await grantApplicationRole(owner, role?.name ?? '')
  })
  after(() => database.stop())

  async function makeUser(): Promise<string> {
    const id = newId()
    const user = { id, email: `${id}@example.org`, displayName: 'U', passwordHash: 'x', pepperId: '1' }
    await database.db.models.User.create(user)
    return id
  }

  async function makeDocument() {
    const { db } = database
    const [userId, collectionId, documentId] = [await makeUser(), newId(), newId()]
    await createCollection(db, { id: collectionId, ownerId: userId, name: 'C', description: '' })
    const file = { title: 'Handbook', filename: 't', mediaType: 'text/plain', sizeBytes: 1, sha256: documentId }
    const { run } = await insertDocument(db, { id: documentId, collectionId, ownerId: userId, ...file })
    return { userId, collectionId, documentId, run }
  }

  async function index(document: { documentId: string; collectionId: string; run: number }, db = database.db) {
    const text = 'A text.'
    const vectors = await model.embed([text], { signal: new AbortController().signal })
    const chunk = { ordinal: 0, text, headingPath: [], tokenCount: 5, spans: [{ start: 0, end: text.length }] }
    const { documentId, collectionId, run } = document
    return replaceChunks(db, { documentId, collectionId, run, chunks: [chunk], vectors })
  }

  const notificationsOf = async (userId: string) =>
    (await listNotifications(database.db, userId, { limit: 100 })).data.map(({ kind, title, body, data }) => ({
      kind,
      title,
      body,
      data,
    }))

  it('is told to the owner once, however often it is indexed or fails, and anew for another run', async () => {
    const { db } = database
    const document = await makeDocument()
    const { userId, collectionId, documentId, run } = document
    expect(await index(document)).to.deep.equal([userId])
    expect(await index(document)).to.equal(undefined)
    expect(await failIngestion(db, document, problem)).to.equal(undefined)
    const indexed = {
      kind: 'document.indexed',
      title: '“Handbook” is indexed',
      body: 'It can be searched and cited now: 1 passage.',
      data: { documentId, collectionId, run },
    }
    expect(await notificationsOf(userId)).to.deep.equal([indexed])
    const next = { ...document, run: (await requeueDocument(db, { userId, documentId })).run }
    expect(await failIngestion(db, document, problem), 'the older run').to.equal(undefined)
    expect(await failIngestion(db, next, problem)).to.deep.equal([userId])
    expect(await failIngestion(db, next, problem)).to.equal(undefined)
    const failed = {
      kind: 'document.failed',
      title: '“Handbook” couldn’t be indexed',
      body: problem.detail,
      data: { documentId, collectionId, run: next.run, problemCode: 'document.no_text' },
    }
    expect(await notificationsOf(userId)).to.deep.equal([failed, indexed])
  })

  it('isn’t told when it is rolled back, and isn’t there when it can’t be told', async () => {
    const { db, owner } = database
    const document = await makeDocument()
    const access = { userId: document.userId, documentId: document.documentId }
    const undone = db.transaction(async (tx) => {
      await index(document, tx)
      throw new Error('undo')
    })
    expect((await rejection(undone)).message).to.equal('undo')
    expect(await notificationsOf(document.userId)).to.deep.equal([])
    await owner.execute(`alter table notifications add constraint refuse check (kind <> 'document.indexed') not valid`)
    try {
      await rejection(index(document))
    } finally {
      await owner.execute('alter table notifications drop constraint refuse')
    }
    expect((await getDocument(db, access)).document.status).to.equal('queued')
    expect(await index(document)).to.deep.equal([document.userId])
  })

  it('isn’t told to an owner who may not see the document any more, nor of a document that is gone', async () => {
    const { db } = database
    const document = await makeDocument()
    const { userId, collectionId } = document
    const other = await makeUser()
    await putMember(db, { userId, collectionId, memberId: other, role: 'owner' })
    await removeMember(db, { userId: other, collectionId, memberId: userId })
    expect(await index(document)).to.deep.equal([])
    const deleted = await makeDocument()
    await deleteDocument(db, deleted)
    expect(await index(deleted)).to.equal(undefined)
    expect(await failIngestion(db, deleted, problem)).to.equal(undefined)
    expect(await notificationsOf(userId)).to.deep.equal([])
    expect(await notificationsOf(deleted.userId)).to.deep.equal([])
  })
})
