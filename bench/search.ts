// Hybrid search over 10,000 and 100,000 chunks, in the function that the platform calls and at its route, beside the very
// statement that the function sends, sent bare over one connection of the `pg` driver.
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { Client } from 'pg'
import { createUser } from '../db/auth/users.ts'
import { type Db, openDatabase } from '../db/database.ts'
import { createCollection } from '../db/documents/collections.ts'
import { findActiveEmbeddingModel, recordEmbeddingModel } from '../db/documents/embedding-models.ts'
import { type SearchInput, searchChunks } from '../db/documents/search.ts'
import { newId } from '../db/ids.ts'
import { migrate } from '../db/migrate.ts'
import { startEmbeddedDatabase } from '../platform/embedded/embedded-database.ts'
import { offlineEmbeddingModelName } from '../platform/llm/offline/offline-embedding-model.ts'
import { createLogger } from '../platform/logger.ts'
import { type ApiClient, signUp } from '../test/support/api-client.ts'
import { platformDatabase } from '../test/support/platform-database.ts'
import { startBenchPlatform } from './bench-platform.ts'
import type { Aim, Benchmark, BenchmarkContext, Row } from './benchmark.ts'
import { type Corpus, corpusQuery, embedQuery, extendCorpus } from './corpus.ts'
import { interleave, timed } from './interleave.ts'
import { startBenchPostgres } from './services.ts'

const rounds = 200
const warmUp = 20
const aim: Aim = { of: 'ratio', limit: 1.3 }
const k = 10

interface Statement {
  readonly sql: string
  readonly bind: readonly unknown[]
}

/** The search statement as `searchChunks` sends it: the last one of those that it sends. */
async function capture(db: Db, input: SearchInput): Promise<Statement> {
  let last: Statement | undefined
  const recording: Db = {
    ...db,
    query: <R extends object>(sql: string, bind: readonly unknown[] = []) => {
      last = { sql, bind }
      return db.query<R>(sql, bind)
    },
    transaction: (work) => db.transaction(() => work(recording)),
  }
  await searchChunks(recording, input)
  if (last === undefined) throw new Error('The search sent no statement.')
  return last
}

async function connectBare(url: string, { defer }: BenchmarkContext): Promise<Client> {
  const client = new Client({ connectionString: url })
  await client.connect()
  defer(() => client.end())
  return client
}

interface Place {
  /** As in the table. */
  readonly name: string
  readonly corpus: Corpus
  /** As the application connects. */
  readonly db: Db
  readonly bare: Client
  /** Measures the route too. */
  readonly client?: ApiClient
}

async function searchByRoute(client: ApiClient, query: string): Promise<void> {
  const { status } = await client.post('/search', { query, mode: 'hybrid', k })
  if (status !== 200) throw new Error(`The search was answered with ${status}.`)
}

async function measure(context: BenchmarkContext, place: Place, chunks: number): Promise<Row[]> {
  const { corpus, db, bare, client } = place
  const count = context.times(rounds)
  const inputs = new Map<number, { readonly input: SearchInput; readonly statement: Statement }>()
  for (let round = -warmUp; round < count; round += 1) {
    const query = corpusQuery(round, chunks)
    const scope = { userId: corpus.userId, combine: 'all' as const }
    const vector = await embedQuery(query)
    const input: SearchInput = { scope, query, k, mode: 'hybrid', model: corpus.model, vector }
    inputs.set(round, { input, statement: await capture(db, input) })
  }
  const at = (round: number) => {
    const found = inputs.get(round)
    if (found === undefined) throw new Error('no such round')
    return found
  }
  const taken = await interleave(
    {
      bare: async (round) => {
        const { sql, bind } = at(round).statement
        return [await timed(() => bare.query(sql, [...bind]))]
      },
      function: async (round) => [await timed(() => searchChunks(db, at(round).input))],
      route: async (round) =>
        client === undefined ? [] : [await timed(() => searchByRoute(client, at(round).input.query))],
    },
    { rounds: count, warmUp },
  )
  const title = `hybrid search, ${chunks.toLocaleString('en')} chunks on ${place.name}`
  const baseline = { name: 'its statement alone', unit: 'ms' as const, samples: taken.bare }
  const row = (how: string, samples: readonly number[]): Row => ({
    measured: { name: `${title}, ${how}`, unit: 'ms', samples },
    baseline,
    aim,
  })
  return [row('function', taken.function), ...(client === undefined ? [] : [row('route', taken.route)])]
}

/** On a platform of its own, which has made the tables and the index and answers at the route. */
async function openPostgres(context: BenchmarkContext): Promise<Place> {
  const server = await startBenchPostgres(context)
  const { run, dataDir } = await startBenchPlatform(context, server)
  const { DATABASE_URL: url = '', DATABASE_OWNER_URL: ownerUrl = '' } = await platformDatabase(server, dataDir)
  const owner = openDatabase({ url: ownerUrl })
  const db = openDatabase({ url })
  context.defer(() => Promise.all([owner.close(), db.close()]))
  const client = await signUp(run.apiUrl)
  const { body } = await client.post('/collections', { name: 'Corpus' })
  const model = await findActiveEmbeddingModel(owner)
  if (model === undefined) throw new Error('The platform has recorded no embedding model.')
  const bare = await connectBare(url, context)
  // What the function sets in each of its transactions; the extension must be loaded to know the names.
  await bare.query(`select '[1]'::vector`)
  await bare.query('set hnsw.ef_search = 100')
  await bare.query('set hnsw.iterative_scan = relaxed_order')
  const corpus = { db: owner, userId: client.userId, collectionId: body['collection'].id, model }
  return { name: 'Postgres', corpus, db, bare, client }
}

async function openEmbedded(context: BenchmarkContext): Promise<Place> {
  const directory = await mkdtemp(join(tmpdir(), 'cdsa-bench-'))
  context.defer(() => rm(directory, { recursive: true, force: true, maxRetries: 10 }))
  const embedded = await startEmbeddedDatabase({ directory, log: createLogger({ level: 'silent' }) })
  context.defer(() => embedded.stop())
  const owner = openDatabase({ url: embedded.ownerUrl })
  const db = openDatabase({ url: embedded.applicationUrl })
  context.defer(() => Promise.all([owner.close(), db.close()]))
  await migrate(owner)
  const model = await recordEmbeddingModel(owner, { name: offlineEmbeddingModelName, dimensions: 384, embedded: true })
  const [userId, collectionId] = [newId(), newId()]
  await createUser(owner, {
    id: userId,
    email: 'bench@example.org',
    displayName: 'Bench',
    roles: [],
  })
  await createCollection(owner, { id: collectionId, ownerId: userId, name: 'Corpus', description: '' })
  const bare = await connectBare(embedded.ownerUrl, context)
  return { name: 'the embedded database', corpus: { db: owner, userId, collectionId, model }, db: owner, bare }
}

/** A scale below 1 makes the corpora smaller too: writing them takes longer than searching. */
const chunksOf = (count: number, { times }: BenchmarkContext): number => Math.min(count, times(count))

export const search: Benchmark = {
  name: 'search',
  run: async (context) => {
    const [small, large] = [chunksOf(10_000, context), chunksOf(100_000, context)]
    const rows: Row[] = []
    const measureAt = async (place: Place, from: number, to: number): Promise<void> => {
      context.progress(`writing ${to - from} chunks into ${place.name}`)
      await extendCorpus(place.corpus, from, to)
      context.progress('measuring')
      rows.push(...(await measure(context, place, to)))
    }
    const postgres = await openPostgres(context)
    await measureAt(postgres, 0, small)
    await measureAt(postgres, small, large)
    await measureAt(await openEmbedded(context), 0, small)
    return rows
  },
}
