// The built-in search as a model calls it: only what its user may read at that moment is found.
import { expect } from 'chai'
import { replaceChunks } from '../../../db/documents/chunks.ts'
import { createCollection, putMember, removeMember } from '../../../db/documents/collections.ts'
import { insertDocument } from '../../../db/documents/documents.ts'
import { recordEmbeddingModel } from '../../../db/documents/embedding-models.ts'
import { newId } from '../../../db/ids.ts'
import type { Platform } from '../../../platform/platform.ts'
import { createOfflineEmbeddingModel } from '../../../platform/llm/offline/offline-embedding-model.ts'
import { createSearchDocuments } from '../../../platform/tools/search-documents.ts'
import type { BuiltinTool } from '../../../platform/tools/tool-runner.ts'
import { appErrorOf } from '../../support/app-error-of.ts'
import { type TestDatabase, startTestDatabase } from '../../support/database.ts'
import { testCall } from '../../support/tool-call.ts'
import { makeOwner } from '../../support/vault-parts.ts'

const embedding = createOfflineEmbeddingModel()
const embeddings = { resolve: async () => embedding } as unknown as Platform['embeddings']
const texts = ['Lighthouses are painted every spring.', 'The harbour is dredged in autumn.']

interface Found {
  readonly results: readonly Record<string, unknown>[]
}

describe('search_documents', function () {
  this.timeout(60_000)
  let database: TestDatabase
  let tool: BuiltinTool
  let owner: string
  let reader: string
  let collectionId: string
  let documentId: string

  before(async () => {
    database = await startTestDatabase()
    const { db } = database
    tool = createSearchDocuments({ db, embeddings })
    const early = await appErrorOf(tool.run({ query: 'x' }, testCall()))
    expect(early.code).to.equal('service.unavailable')
    const { name, dimensions } = embedding
    const model = await recordEmbeddingModel(database.owner, { name, dimensions, embedded: true })
    const grant = `grant select, insert, update, delete on ${model.tableName} to public`
    await database.owner.sequelize.query(grant)
    ;[owner, reader] = [await makeOwner(db), await makeOwner(db)]
    ;[collectionId, documentId] = [newId(), newId()]
    await createCollection(db, { id: collectionId, ownerId: owner, name: 'C', description: '' })
    const file = { title: 'Handbook', filename: 'h.txt', mediaType: 'text/plain', sizeBytes: 1, sha256: documentId }
    const { run } = await insertDocument(db, { id: documentId, collectionId, ownerId: owner, ...file })
    const vectors = await embedding.embed(texts, { signal: new AbortController().signal })
    const chunks = texts.map((text, ordinal) => ({
      ordinal,
      text,
      tokenCount: 8,
      headingPath: [],
      spans: [{ start: 0, end: text.length, page: ordinal + 1 }],
    }))
    await replaceChunks(db, { documentId, collectionId, run, chunks, vectors })
  })
  after(() => database?.stop())

  const search = async (userId: string, args: Record<string, unknown>) =>
    ((await tool.run(args, testCall({ userId }))) as Found).results

  it('gives passages with their place, best first, in each mode', async () => {
    for (const mode of ['semantic', 'keyword', 'hybrid']) {
      const [first] = await search(owner, { query: 'lighthouses painted', mode, k: 1 })
      expect(first, mode).to.include({ documentTitle: 'Handbook', documentId, text: texts[0], page: 1 })
      expect(Object.keys(first ?? {})).to.have.members(['documentTitle', 'page', 'text', 'chunkId', 'documentId'])
    }
    expect(await search(owner, { query: 'lighthouses painted' })).to.have.length(2)
    expect(await search(owner, { query: 'lighthouses', collectionIds: [newId()] })).to.deep.equal([])
    expect(await search(owner, { query: 'lighthouses', collectionIds: [collectionId] })).not.to.deep.equal([])
  })

  it('finds what its user may read now, and nothing else', async () => {
    const { db } = database
    const found = () => search(reader, { query: 'lighthouses', collectionIds: [collectionId] })
    expect(await found()).to.deep.equal([])
    const membership = { userId: owner, collectionId, memberId: reader }
    await putMember(db, { ...membership, role: 'reader' })
    expect(await found()).not.to.deep.equal([])
    await removeMember(db, membership)
    expect(await found()).to.deep.equal([])
  })

  it('refuses arguments beyond its bounds', async () => {
    const wrong = [
      { query: '' },
      { query: 'x', k: 21 },
      { query: 'x', collectionIds: ['x'] },
      { query: 'x', userId: owner },
    ]
    for (const args of wrong) {
      const error = await appErrorOf(tool.run(args, testCall({ userId: reader })))
      expect(error.code, JSON.stringify(args)).to.equal('tool.arguments_invalid')
    }
  })
})
