// What the audit log costs: an event beside a row of a plain table, a turn with its event beside one without, sealing,
// checking an export, and a proof in a log of a million entries beside the least that a read costs.
import { randomBytes } from 'node:crypto'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { appendAuditEvent, auditInsert } from '../db/audit/events.ts'
import { createChat } from '../db/chat/chats.ts'
import { createTurn } from '../db/chat/turns.ts'
import { type Db, openDatabase } from '../db/database.ts'
import { newId } from '../db/ids.ts'
import { migrate } from '../db/migrate.ts'
import type { AuditEventInput } from '../domain/audit/event.ts'
import { exportLog } from '../platform/audit/export-log.ts'
import { inclusionProof } from '../platform/audit/merkle.ts'
import { sealBatch, signNewestRoot } from '../platform/audit/seal.ts'
import { type AuditSigner, createAuditSigner } from '../platform/audit/signer.ts'
import { createHashReader } from '../platform/audit/tree-store.ts'
import { verifyExport } from '../platform/audit/verify-export.ts'
import { parseConfig } from '../platform/config.ts'
import { createLogger } from '../platform/logger.ts'
import { platformDatabase } from '../test/support/platform-database.ts'
import type { Benchmark, BenchmarkContext, Row } from './benchmark.ts'
import { atOnce, interleave, timed } from './interleave.ts'
import { startBenchPostgres } from './services.ts'

const generation = 1

const someEvent = (resourceId: string, actorId: string): AuditEventInput => ({
  action: 'chat.create',
  outcome: 'success',
  actor: { type: 'user', id: actorId, sessionId: actorId },
  resource: { type: 'chat', id: resourceId },
  requestId: resourceId,
  subjectId: actorId,
  personal: { ip: '192.0.2.7', userAgent: 'Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36 (KHTML, like Gecko)' },
})

interface Place {
  readonly owner: Db
  readonly db: Db
  readonly signer: AuditSigner
}

async function open(context: BenchmarkContext): Promise<Place> {
  const directory = await mkdtemp(join(tmpdir(), 'cdsa-bench-'))
  context.defer(() => rm(directory, { recursive: true, force: true, maxRetries: 10 }))
  const environment = await platformDatabase(await startBenchPostgres(context), directory)
  const { DATABASE_URL: url = '', DATABASE_OWNER_URL: ownerUrl = '' } = environment
  const [owner, db] = [openDatabase({ url: ownerUrl }), openDatabase({ url, poolSize: 32 })]
  context.defer(() => Promise.all([owner.close(), db.close()]))
  await migrate(owner, decodeURIComponent(new URL(url).username))
  await owner.execute('create table bench_plain (id uuid primary key, at timestamptz not null, body text not null)')
  await owner.execute('grant select, insert on bench_plain to public')
  const signer = await createAuditSigner({
    config: parseConfig({ CDSA_DATA_DIR: directory }),
    log: createLogger({ level: 'silent' }),
  })
  return { owner, db, signer }
}

/** Each a transaction, as a use case has one. */
async function measureAppends({ times }: BenchmarkContext, { db }: Place, clients: number): Promise<Row> {
  const perRound = clients * 8
  const actorId = newId()
  const body = 'x'.repeat(500)
  const perSecond = async (work: () => Promise<unknown>): Promise<number[]> => {
    const ms = await timed(() =>
      atOnce(clients, async () => {
        for (let n = 0; n < perRound / clients; n += 1) await work()
      }),
    )
    return [(perRound / ms) * 1_000]
  }
  const plain = () =>
    db.transaction((tx) => tx.query('insert into bench_plain values ($1, now(), $2) returning id', [newId(), body]))
  const taken = await interleave(
    {
      plain: () => perSecond(plain),
      event: () => perSecond(() => db.transaction((tx) => appendAuditEvent(tx, someEvent(newId(), actorId)))),
    },
    { rounds: times(100), warmUp: 5 },
  )
  return {
    measured: { name: `audit event, ${clients} at once`, unit: 'tx/s', samples: taken.event },
    baseline: { name: 'row of a plain table', unit: 'tx/s', samples: taken.plain },
    aim: { of: 'ratio', limit: 0.7 },
  }
}

async function measureTurns({ times }: BenchmarkContext, { db }: Place): Promise<Row> {
  const [userId, chatId] = [newId(), newId()]
  const user = { id: userId, email: `${userId}@example.org`, displayName: 'U', passwordHash: 'x', pepperId: '1' }
  await db.models.User.create(user)
  await createChat(db, { userId, chatId }, {})
  const make = async (event?: AuditEventInput): Promise<number[]> => {
    const given = { userId, chatId, turnId: newId(), content: 'hello', defaultModel: 'm', attachmentIds: [], event }
    return [await timed(() => createTurn(db, given))]
  }
  const taken = await interleave(
    { without: () => make(), with: () => make(someEvent(newId(), userId)) },
    { rounds: times(500), warmUp: 20 },
  )
  return {
    measured: { name: 'statement that makes a turn, with its event', unit: 'ms', samples: taken.with },
    baseline: { name: 'without it', unit: 'ms', samples: taken.without },
  }
}

/** Whole events, as they are appended; many a statement, because sealing is what is measured. */
async function appendEvents(owner: Db, count: number): Promise<void> {
  const actorId = newId()
  for (let done = 0; done < count; done += 1_000) {
    const binds = Array.from({ length: Math.min(1_000, count - done) }, () => {
      return auditInsert(someEvent(newId(), actorId), { firstParameter: 1, when: '' }).bind
    })
    const column = (index: number): unknown[] => binds.map((bind) => bind[index])
    await owner.execute(
      `insert into audit_events (id, at, leaf, action, outcome, actor_id, resource_type, resource_id)
       select * from unnest($1::uuid[], $2::timestamptz[], $3::text[], $4::text[], $5::text[], $6::text[], $7::text[], $8::text[])`,
      Array.from({ length: 8 }, (_, index) => column(index)),
    )
    const values = binds.flatMap(([id, , , , , , , , names, texts, salts]) =>
      (names as string[]).map((name, n) => [id, name, (texts as string[])[n], (salts as string[])[n]]),
    )
    await owner.execute(
      `insert into audit_personal (event_id, name, value, salt)
       select id, name, value, decode(salt, 'base64') from unnest($1::uuid[], $2::text[], $3::text[], $4::text[]) v (id, name, value, salt)`,
      Array.from({ length: 4 }, (_, index) => values.map((value) => value[index])),
    )
  }
}

async function sealAll(db: Db): Promise<number> {
  for (;;) {
    const { more, size } = await sealBatch(db, { generation })
    if (!more) return size
  }
}

async function measureSealing(context: BenchmarkContext, { owner, db, signer }: Place): Promise<Row[]> {
  const count = context.times(100_000)
  await sealAll(db)
  context.progress(`appending ${count} events`)
  await appendEvents(owner, count)
  context.progress('sealing and checking them')
  const sealing = await timed(() => sealAll(db))
  const checkpoint = await signNewestRoot(db, signer)
  if (checkpoint === undefined) throw new Error('Nothing was sealed.')
  const chunks: Buffer[] = []
  const exporting = await timed(async () => {
    for await (const lines of exportLog(db, checkpoint)) chunks.push(Buffer.from(lines))
  })
  const keys = signer.publicKeys.map((publicKey) => ({ origin: checkpoint.origin, publicKey }))
  const given = async function* (): AsyncGenerator<Uint8Array> {
    yield* chunks
  }
  const checking = await timed(() => verifyExport({ chunks: given(), keys, kept: [] }))
  const named = (what: string, ms: number, of: number): Row => ({
    measured: { name: `${what} ${of.toLocaleString('en')} events`, unit: 's', samples: [ms / 1_000] },
  })
  const { size } = checkpoint
  return [
    named('sealing', sealing, count),
    named('exporting', exporting, size),
    named('checking an export of', checking, size),
  ]
}

/** Rows of the server's own make: their texts are no leaves, but the tree is one over them. */
async function measureProofs(context: BenchmarkContext, { owner, db }: Place): Promise<Row> {
  const size = context.times(1_000_000)
  context.progress(`growing the tree to ${size} leaves`)
  for (let at = await sealAll(db); at < size; at = await sealAll(db)) {
    await owner.execute(
      `insert into audit_events (id, at, leaf, action, outcome, resource_type)
       select gen_random_uuid(), now(), '{"n":' || n || '}', 'chat.create', 'success', 'chat' from generate_series(1, $1::integer) n`,
      [Math.min(50_000, size - at)],
    )
  }
  const indexOf = (): number => randomBytes(4).readUInt32BE() % size
  const taken = await interleave(
    {
      row: async () => [
        await timed(() => db.query('select leaf_hash from audit_leaves where leaf_index = $1', [indexOf()])),
      ],
      proof: async () => [await timed(() => inclusionProof(indexOf(), size, createHashReader(db)))],
    },
    { rounds: context.times(500), warmUp: 20 },
  )
  return {
    measured: { name: `inclusion proof, ${size.toLocaleString('en')} leaves`, unit: 'ms', samples: taken.proof },
    baseline: { name: 'one row by its key', unit: 'ms', samples: taken.row },
  }
}

export const audit: Benchmark = {
  name: 'audit',
  run: async (context) => {
    const place = await open(context)
    context.progress('measuring appends')
    const appends = [await measureAppends(context, place, 1), await measureAppends(context, place, 16)]
    const turns = await measureTurns(context, place)
    const sealing = await measureSealing(context, place)
    return [...appends, turns, ...sealing, await measureProofs(context, place)]
  },
}
