// Documents that are read again at the same time, each into what the other one held before: no deadlock, and the counts
// of lexemes are right in the end.
import { expect } from 'chai'
import { createCollection } from '../../../db/documents/collections.ts'
import { replaceChunks } from '../../../db/documents/chunks.ts'
import { insertDocument, requeueDocument } from '../../../db/documents/documents.ts'
import { recordEmbeddingModel } from '../../../db/documents/embedding-models.ts'
import { newId } from '../../../db/ids.ts'
import { grantApplicationRole } from '../../../db/migrate.ts'
import { createOfflineEmbeddingModel } from '../../../platform/llm/offline/offline-embedding-model.ts'
import { startTestDatabase, type TestDatabase } from '../../support/database.ts'

const model = createOfflineEmbeddingModel()
/** Many words, so that the transactions overlap. */
const words = (stem: string): string => Array.from({ length: 2_000 }, (_, index) => `${stem}${index}`).join(' ')
const texts = [words('alpha'), words('omega')]

describe('reindexing at the same time', function () {
  this.timeout(120_000)
  let database: TestDatabase
  const userId = newId()
  const collectionId = newId()

  before(async () => {
    database = await startTestDatabase()
    const { db, owner } = database
    const [server] = await owner.query<{ embedded: boolean }>(
      `select to_regnamespace('embedded') is not null as embedded`,
    )
    await recordEmbeddingModel(owner, {
      name: model.name,
      dimensions: model.dimensions,
      embedded: server?.embedded === true,
    })
    const [role] = await db.query<{ name: string }>('select current_user as name')
    await grantApplicationRole(owner, role?.name ?? '')
    await db.models.User.create({
      id: userId,
      email: `${userId}@example.org`,
      displayName: 'U',
      passwordHash: 'x',
      pepperId: '1',
    })
    await createCollection(db, { id: collectionId, ownerId: userId, name: 'C', description: '' })
  })
  after(() => database.stop())

  async function index(documentId: string, run: number, text: string): Promise<boolean> {
    const [vector] = await model.embed([text], { signal: new AbortController().signal })
    const chunk = { ordinal: 0, text, headingPath: [], tokenCount: 5, spans: [{ start: 0, end: text.length }] }
    const vectors = vector === undefined ? [] : [vector]
    const input = { documentId, collectionId, run, chunks: [chunk], vectors }
    return (await replaceChunks(database.db, input)) !== undefined
  }

  it('doesn’t deadlock, and counts each lexeme’s chunks', async () => {
    const { db } = database
    const documents = await Promise.all(
      texts.map(async (text, place) => {
        const id = newId()
        const file = { title: 'T', filename: 't', mediaType: 'text/plain', sizeBytes: 1, sha256: id }
        const { run } = await insertDocument(db, { id, collectionId, ownerId: userId, ...file })
        await index(id, run, text)
        return { id, place }
      }),
    )
    for (let round = 1; round <= 8; round += 1) {
      const indexed = await Promise.all(
        documents.map(async ({ id, place }) => {
          const { run } = await requeueDocument(db, { userId, documentId: id })
          return index(id, run, texts[(place + round) % 2] ?? '')
        }),
      )
      expect(indexed).to.deep.equal([true, true])
    }
    const wrong = await db.query(
      `with counted as (select t.lexeme, count(*)::int as n from chunks c, unnest(c.tsv) t group by t.lexeme)
       select lexeme, chunk_count, n from lexeme_statistics full join counted using (lexeme)
       where coalesce(chunk_count, 0) <> coalesce(n, 0)`,
    )
    expect(wrong).to.deep.equal([])
  })
})
