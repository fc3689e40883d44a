// Search against a real database: ranking, modes, and that nobody finds what isn't shared with them.
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { expect } from 'chai'
import {
  createCollection,
  deleteCollection,
  ensureDefaultCollection,
  putMember,
  removeMember,
} from '../../../db/documents/collections.ts'
import { replaceChunks } from '../../../db/documents/chunks.ts'
import { type Db, openDatabase } from '../../../db/database.ts'
import { deleteDocument, getDocument, insertDocument, requeueDocument } from '../../../db/documents/documents.ts'
import { type EmbeddingModelRow, recordEmbeddingModel } from '../../../db/documents/embedding-models.ts'
import { type SearchScope, searchChunks } from '../../../db/documents/search.ts'
import { newId } from '../../../db/ids.ts'
import { grantApplicationRole, migrate } from '../../../db/migrate.ts'
import type { SearchMode } from '../../../domain/documents/search.ts'
import { type EmbeddedDatabase, startEmbeddedDatabase } from '../../../platform/embedded/embedded-database.ts'
import { createOfflineEmbeddingModel } from '../../../platform/llm/offline/offline-embedding-model.ts'
import { createLogger } from '../../../platform/logger.ts'
import { appErrorOf } from '../../support/app-error-of.ts'

const embedding = createOfflineEmbeddingModel()
const signal = new AbortController().signal

async function embed(texts: readonly string[]): Promise<readonly Float32Array[]> {
  return embedding.embed(texts, { signal })
}

describe('search', function () {
  this.timeout(60_000)
  let directory: string
  let embedded: EmbeddedDatabase
  let db: Db
  let model: EmbeddingModelRow

  before(async () => {
    directory = await mkdtemp(join(tmpdir(), 'cdsa-search-'))
    embedded = await startEmbeddedDatabase({ directory, log: createLogger({ level: 'silent' }) })
    const owner = openDatabase({ url: embedded.ownerUrl, poolSize: 1 })
    await migrate(owner, 'cdsa_app')
    model = await recordEmbeddingModel(owner, {
      name: embedding.name,
      dimensions: embedding.dimensions,
      embedded: true,
    })
    await grantApplicationRole(owner, 'cdsa_app')
    await owner.close()
    db = openDatabase({ url: embedded.applicationUrl })
  })
  after(async () => {
    await db?.close()
    await embedded?.stop()
    await rm(directory, { recursive: true, force: true, maxRetries: 10 })
  })

  async function makeUser(): Promise<string> {
    const id = newId()
    await db.models.User.create({ id, email: `${id}@example.org`, displayName: 'U', passwordHash: 'x', pepperId: '1' })
    return id
  }

  async function makeDocument(ownerId: string, texts: readonly string[]) {
    const collectionId = newId()
    await createCollection(db, { id: collectionId, ownerId, name: 'C', description: '' })
    const id = newId()
    const { run } = await insertDocument(db, {
      id,
      collectionId,
      ownerId,
      title: 'T',
      filename: 't.txt',
      mediaType: 'text/plain',
      sizeBytes: 1,
      sha256: id,
    })
    await index(id, collectionId, run, texts)
    return { id, collectionId }
  }

  async function index(
    documentId: string,
    collectionId: string,
    run: number,
    texts: readonly string[],
  ): Promise<boolean> {
    const chunks = texts.map((text, ordinal) => ({
      ordinal,
      text,
      headingPath: ['Head', 'Sub'],
      tokenCount: 5,
      spans: [{ start: 0, end: text.length, page: ordinal + 1 }],
    }))
    const notified = await replaceChunks(db, {
      documentId,
      collectionId,
      run,
      chunks,
      vectors: await embed(texts),
    })
    return notified !== undefined
  }

  async function find(
    scope: Partial<SearchScope> & { readonly userId: string },
    query: string,
    mode: SearchMode = 'hybrid',
  ) {
    const [vector] = await embed([query])
    return searchChunks(db, { scope: { combine: 'all', ...scope }, query, mode, k: 5, model, vector })
  }

  const texts = [
    'The lighthouse keeper logs the weather at dawn.',
    'Invoices are paid within thirty days of receipt.',
    'A lost access card is reported to the porter’s lodge.',
  ]

  it('finds the right chunk first in every mode, with what a citation needs', async () => {
    const userId = await makeUser()
    const { id } = await makeDocument(userId, texts)
    for (const mode of ['semantic', 'keyword', 'hybrid'] as const) {
      const [best] = await find({ userId }, 'when are invoices paid', mode)
      expect(best?.text, mode).to.equal(texts[1])
      expect(best?.documentId).to.equal(id)
      expect(best?.spans[0]?.page).to.equal(2)
      expect(best?.headingPath).to.deep.equal(['Head', 'Sub'])
      expect(best?.score).to.be.greaterThan(0)
    }
  })

  it('falls back to the rarest words when no chunk has them all', async () => {
    const userId = await makeUser()
    await makeDocument(userId, texts)
    const [best] = await find({ userId }, 'lighthouse zebra quantum porcupine', 'keyword')
    expect(best?.text).to.equal(texts[0])
    expect(await find({ userId }, 'zebra quantum', 'keyword')).to.deep.equal([])
  })

  it('takes any text as a query', async () => {
    const userId = await makeUser()
    await makeDocument(userId, texts)
    for (const query of [
      "'; drop table chunks; --",
      `\\ ' " & | ! ( ) : *`,
      '!!!',
      'a & | b',
      'c:\\temp\\x',
      '𝒳 💥',
      '-',
    ]) {
      for (const mode of ['keyword', 'hybrid'] as const) await find({ userId }, query, mode)
    }
  })

  it('never finds for one user what only another may read, whatever is named, and follows sharing at once [L4]', async () => {
    const [owner, stranger] = [await makeUser(), await makeUser()]
    const { id, collectionId } = await makeDocument(owner, texts)
    const scopes = [
      { combine: 'all' as const },
      { combine: 'all' as const, documentIds: [id] },
      { combine: 'all' as const, collectionIds: [collectionId] },
      { combine: 'any' as const, collectionIds: [collectionId], documentIds: [id] },
      { combine: 'any' as const, documentIds: [id] },
    ]
    const counts = async (userId: string) => {
      const found: number[] = []
      for (const scope of scopes) {
        for (const mode of ['semantic', 'keyword', 'hybrid'] as const) {
          found.push((await find({ userId, ...scope }, 'invoices receipt', mode)).length)
        }
      }
      return found
    }
    expect(await counts(stranger)).to.deep.equal(Array.from({ length: 15 }, () => 0))
    expect((await counts(owner)).every((count) => count > 0)).to.equal(true)
    await putMember(db, { userId: owner, collectionId, memberId: stranger, role: 'reader' })
    expect((await counts(stranger)).every((count) => count > 0)).to.equal(true)
    await removeMember(db, { userId: owner, collectionId, memberId: stranger })
    expect(await counts(stranger)).to.deep.equal(Array.from({ length: 15 }, () => 0))
  })

  it('replaces a document’s chunks as a whole, and ignores the work of an older run', async () => {
    const userId = await makeUser()
    const { id, collectionId } = await makeDocument(userId, texts)
    const { run } = await requeueDocument(db, { userId, documentId: id })
    expect(await find({ userId }, 'invoices')).to.have.length.greaterThan(0)
    expect(await index(id, collectionId, run - 1, ['An older run.'])).to.equal(false)
    expect(await index(id, collectionId, run, ['Only this sentence about marmalade remains.'])).to.equal(true)
    expect(await index(id, collectionId, run, ['A repeat.'])).to.equal(false)
    const found = await find({ userId }, 'invoices marmalade')
    expect(found.map((chunk) => chunk.text)).to.deep.equal(['Only this sentence about marmalade remains.'])
    expect((await getDocument(db, { userId, documentId: id })).document.chunkCount).to.equal(1)
  })

  it('counts lexemes by chunk, and forgets those of a deleted document', async () => {
    const userId = await makeUser()
    const word = `unicum${userId.replaceAll('-', '')}`
    const { id } = await makeDocument(userId, [`${word} once`, `${word} twice`])
    const count = async () =>
      (await db.query<{ n: number }>('select chunk_count as n from lexeme_statistics where lexeme = $1', [word]))[0]?.n
    expect(await count()).to.equal(2)
    await deleteDocument(db, { userId, documentId: id })
    expect(await count()).to.equal(0)
    expect(await find({ userId }, word)).to.deep.equal([])
    const { collectionId } = await makeDocument(userId, [`${word} again`])
    expect(await count()).to.equal(1)
    await deleteCollection(db, { userId, collectionId })
    expect(await count()).to.equal(0)
  })

  it('leaves a user the ownership of the own default collection, whoever else owns it', async () => {
    const [owner, other] = [await makeUser(), await makeUser()]
    const collectionId = await ensureDefaultCollection(db, owner)
    await putMember(db, { userId: owner, collectionId, memberId: other, role: 'owner' })
    const attempts = [
      () => removeMember(db, { userId: other, collectionId, memberId: owner }),
      () => removeMember(db, { userId: owner, collectionId, memberId: owner }),
      () => putMember(db, { userId: other, collectionId, memberId: owner, role: 'reader' }),
    ]
    for (const attempt of attempts) expect((await appErrorOf(attempt())).code).to.equal('collection.last_owner')
    await removeMember(db, { userId: owner, collectionId, memberId: other })
  })
})
