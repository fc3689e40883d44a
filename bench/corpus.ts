// A corpus of any size for the search benchmark: chunks of words as frequent as in a language (Zipf's law), with the
// offline model's vectors, written by the same function as an ingestion's. The same every time.
import type { Db } from '../db/database.ts'
import { replaceChunks } from '../db/documents/chunks.ts'
import { insertDocument } from '../db/documents/documents.ts'
import type { EmbeddingModelRow } from '../db/documents/embedding-models.ts'
import { newId } from '../db/ids.ts'
import type { Chunk } from '../domain/documents/chunk-types.ts'
import { createOfflineEmbeddingModel } from '../platform/llm/offline/offline-embedding-model.ts'

const wordsPerChunk = 100
const chunksPerDocument = 500
/** The most that an embedding model takes. */
const textsPerCall = 100
const contentWords = 20_000
/** They rank first, as in English text, and full-text search leaves them out. */
const functionWords = list('the of and to in a is that for it was on are as with they be at this have from or by not')
const onsets = list('b br c cl d f g gr h l m n p pl r s st t tr v')
const rimes = list('a an ar e el en i in o om or u ul')

function list(text: string): readonly string[] {
  return text.split(' ')
}

/** Mulberry32: numbers from 0 to 1, the same for the same seed. */
function createRandom(seed: number): () => number {
  let state = seed
  return () => {
    state = (state + 0x6d2b79f5) | 0
    let value = Math.imul(state ^ (state >>> 15), 1 | state)
    value = (value + Math.imul(value ^ (value >>> 7), 61 | value)) ^ value
    return ((value ^ (value >>> 14)) >>> 0) / 2 ** 32
  }
}

/** Two syllables give 67,600 words: each rank gets another one. */
function contentWord(rank: number): string {
  const syllables = onsets.length * rimes.length
  const scattered = (rank * 40_507) % syllables ** 2
  return [Math.floor(scattered / syllables), scattered % syllables]
    .map((index) => `${onsets[index % onsets.length]}${rimes[Math.floor(index / onsets.length)]}`)
    .join('')
}

const words = [...functionWords, ...Array.from({ length: contentWords }, (_, rank) => contentWord(rank))]
/** The sum of the frequencies up to each rank. */
const cumulative = new Float64Array(words.length)
for (const rank of words.keys()) cumulative[rank] = (cumulative[rank - 1] ?? 0) + 1 / (rank + 1)

const generate = (random: () => number, count: number): string[] =>
  Array.from({ length: count }, () => words[rankOf(random())] ?? '')

function rankOf(share: number): number {
  const target = share * (cumulative.at(-1) ?? 0)
  let [low, high] = [0, cumulative.length - 1]
  while (low < high) {
    const middle = (low + high) >> 1
    if ((cumulative[middle] ?? 0) < target) low = middle + 1
    else high = middle
  }
  return low
}

const chunkText = (index: number): string => generate(createRandom(index), wordsPerChunk).join(' ')

/** Three words that carry meaning: by turns from one chunk, so that some chunk has them all, and from anywhere. */
export function corpusQuery(round: number, chunks: number): string {
  const random = createRandom(-1 - round)
  const source = round % 2 === 0 ? chunkText(Math.floor(random() * chunks)).split(' ') : generate(random, wordsPerChunk)
  return source
    .filter((word) => !functionWords.includes(word))
    .slice(0, 3)
    .join(' ')
}

export interface Corpus {
  /** Of the tables' owner or the application. */
  readonly db: Db
  readonly userId: string
  readonly collectionId: string
  readonly model: EmbeddingModelRow
}

const embeddings = createOfflineEmbeddingModel()
/** Nothing ends it early. */
const { signal } = new AbortController()

export async function embedQuery(query: string): Promise<Float32Array> {
  const [vector] = await embeddings.embed([query], { signal })
  if (vector === undefined) throw new Error('The model gave no vector.')
  return vector
}

async function addDocument({ db, userId, collectionId }: Corpus, from: number, to: number): Promise<void> {
  const id = newId()
  const title = `Document ${from}`
  const file = { filename: 'text.txt', mediaType: 'text/plain', sizeBytes: 1, sha256: id }
  const { run } = await insertDocument(db, { id, collectionId, ownerId: userId, title, ...file })
  const texts = Array.from({ length: to - from }, (_, index) => chunkText(from + index))
  const chunks = texts.map(
    (text, ordinal): Chunk => ({
      ordinal,
      text,
      headingPath: [title],
      tokenCount: wordsPerChunk * 2,
      spans: [{ start: 0, end: text.length, page: 1 + ordinal }],
    }),
  )
  const vectors: Float32Array[] = []
  for (let start = 0; start < texts.length; start += textsPerCall) {
    vectors.push(...(await embeddings.embed(texts.slice(start, start + textsPerCall), { signal })))
  }
  const written = await replaceChunks(db, {
    documentId: id,
    run,
    collectionId,
    chunks,
    vectors,
  })
  if (written === undefined) throw new Error('A document of the corpus wasn’t written.')
}

/** Adds the chunks `from` to `to` (exclusive) and brings the planner's statistics up to date. `db` owns the tables. */
export async function extendCorpus(corpus: Corpus, from: number, to: number): Promise<void> {
  const { db, model } = corpus
  const [index] = await db.query<{ name: string; definition: string }>(
    `select indexname as name, indexdef as definition from pg_indexes where tablename = $1 and indexname like '%_hnsw'`,
    [model.tableName],
  )
  // Built over all rows at once, the same index takes a tenth of the time.
  if (index !== undefined) await db.execute(`drop index ${index.name}`)
  for (let start = from; start < to; start += chunksPerDocument) {
    await addDocument(corpus, start, Math.min(to, start + chunksPerDocument))
  }
  if (index !== undefined) {
    await db.transaction(async (tx) => {
      await tx.execute(`set local maintenance_work_mem = '1GB'`)
      await tx.execute(index.definition)
    })
  }
  await db.execute('analyze')
}
