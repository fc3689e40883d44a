// What the log costs on real Postgres: an event beside a plain row of its size, how fast rows are sealed and an export is
// checked, and a proof in a tree of a million leaves.
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { proveInclusion } from '../api/audit/prove.ts'
import { appendAuditEvent, auditInsert } from '../db/audit/events.ts'
import type { Db } from '../db/database.ts'
import { newId } from '../db/ids.ts'
import type { AuditEventInput } from '../domain/audit/event.ts'
import { exportLog } from '../platform/audit/export-log.ts'
import { sealBatch, signNewestRoot } from '../platform/audit/seal.ts'
import { type AuditSigner, createAuditSigner } from '../platform/audit/signer.ts'
import { verifyExport } from '../platform/audit/verify-export.ts'
import { parseConfig } from '../platform/config.ts'
import { createLogger } from '../platform/logger.ts'
import type { Benchmark, BenchmarkContext, Row } from './benchmark.ts'
import { openBenchDatabase } from './bench-database.ts'
import { atOnce, interleave, timed } from './interleave.ts'

const clients = 32
const appendsEach = 20
const rounds = 20
const proofs = 200
/** Rows of one INSERT where the log is filled and nothing is measured. */
const rowsPerInsert = 5_000

const userId = newId()
const newEvent = (): AuditEventInput => ({
  action: 'chat.create',
  outcome: 'success',
  actor: { type: 'user', id: userId, sessionId: newId() },
  resource: { type: 'chat', id: newId() },
  requestId: newId(),
  subjectId: userId,
  personal: { ip: '192.0.2.7', userAgent: 'Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36' },
})

/** Transactions a second: each of `clients` runs some, one after the other. */
async function perSecond(work: () => Promise<unknown>): Promise<number> {
  const ms = await timed(() =>
    atOnce(clients, async () => {
      for (let count = 0; count < appendsEach; count += 1) await work()
    }),
  )
  return (clients * appendsEach * 1_000) / ms
}

async function measureAppends({ times }: BenchmarkContext, db: Db, owner: Db): Promise<Row> {
  await owner.execute('create table plain (id uuid primary key, at timestamptz not null default now(), body text)')
  await owner.execute('grant insert on plain to public')
  const { bind } = auditInsert(newEvent(), { firstParameter: 1, when: '(values (1)) as always' })
  const body = bind.map(String).join(' ')
  const insert = (tx: Db) => tx.execute('insert into plain (id, body) values ($1, $2)', [newId(), body])
  const taken = await interleave(
    {
      plain: async () => [await perSecond(() => db.transaction(insert))],
      event: async () => [await perSecond(() => db.transaction((tx) => appendAuditEvent(tx, newEvent())))],
    },
    { rounds: times(rounds), warmUp: 2 },
  )
  return {
    measured: { name: `audit events, ${clients} at once, a transaction each`, unit: 'events/s', samples: taken.event },
    baseline: { name: 'plain rows of their size', unit: 'events/s', samples: taken.plain },
    aim: { of: 'ratio', limit: 0.7 },
  }
}

/** Columns of the statement that an event is written with. */
const columns = ['uuid', 'timestamptz', 'text', 'text', 'text', 'text', 'text', 'text'] as const

async function fill(db: Db, count: number): Promise<void> {
  for (let from = 0; from < count; from += rowsPerInsert) {
    const rows = Array.from(
      { length: Math.min(rowsPerInsert, count - from) },
      () => auditInsert({ ...newEvent(), personal: {} }, { firstParameter: 1, when: 'always' }).bind,
    )
    const lists = columns.map((type, index) => `$${index + 1}::${type}[]`).join(', ')
    await db.execute(
      `insert into audit_events (id, at, leaf, action, outcome, actor_id, resource_type, resource_id)
       select * from unnest(${lists})`,
      columns.map((_, index) => rows.map((row) => row[index])),
    )
  }
}

async function seal(db: Db): Promise<number> {
  let sealed = 0
  for (let more = true; more; ) {
    const batch = await sealBatch(db, { generation: 1 })
    sealed += batch.sealed
    more = batch.more
  }
  return sealed
}

async function verify(db: Db, signer: AuditSigner): Promise<number> {
  const checkpoint = await signNewestRoot(db, signer)
  if (checkpoint === undefined) throw new Error('Nothing is signed.')
  const lines: Buffer[] = []
  for await (const text of exportLog(db, checkpoint)) lines.push(Buffer.from(text))
  async function* chunks(): AsyncGenerator<Uint8Array> {
    yield* lines
  }
  const ms = await timed(() =>
    verifyExport({ chunks: chunks(), keys: signer.publicKeys.map((publicKey) => ({ publicKey })) }),
  )
  return (checkpoint.size * 1_000) / ms
}

async function measureProofs({ times }: BenchmarkContext, db: Db, size: number): Promise<Row> {
  const samples: number[] = []
  const single: number[] = []
  for (let proof = 0; proof < times(proofs); proof += 1) {
    const index = Math.floor(Math.random() * size)
    const sql = 'select event_id as "eventId" from audit_leaves where leaf_index = $1'
    const [leaf] = await db.query<{ eventId: string }>(sql, [index])
    single.push(await timed(() => db.query(sql, [Math.floor(Math.random() * size)])))
    samples.push(await timed(() => proveInclusion(db, { eventId: leaf?.eventId ?? '' })))
  }
  return {
    measured: { name: `inclusion proof in ${size.toLocaleString('en')} leaves`, unit: 'ms', samples },
    baseline: { name: 'one leaf by its index', unit: 'ms', samples: single },
  }
}

export const audit: Benchmark = {
  name: 'audit',
  run: async (context) => {
    const { db, owner } = await openBenchDatabase(context, { poolSize: clients })
    const directory = await mkdtemp(join(tmpdir(), 'cdsa-bench-'))
    context.defer(() => rm(directory, { recursive: true, force: true }))
    const config = parseConfig({ CDSA_DATA_DIR: directory })
    const signer = await createAuditSigner({ config, log: createLogger({ level: 'silent' }) })
    const rows = [await measureAppends(context, db, owner)]
    await seal(db)
    const [some, many] = [context.times(100_000), context.times(1_000_000)]
    context.progress(`sealing ${some.toLocaleString('en')} events`)
    await fill(db, some)
    let sealed = 0
    const sealMs = await timed(async () => (sealed = await seal(db)))
    const rate = { unit: 'events/s' as const, samples: [(sealed * 1_000) / sealMs] }
    rows.push({ measured: { name: `sealing ${sealed.toLocaleString('en')} events`, ...rate } })
    context.progress('verifying an export of them')
    const verified = [await verify(db, signer)]
    rows.push({ measured: { name: 'verifying an export, offline', unit: 'events/s', samples: verified } })
    context.progress(`filling the log up to ${many.toLocaleString('en')} events`)
    await fill(db, many - some)
    await seal(db)
    const checkpoint = await signNewestRoot(db, signer)
    rows.push(await measureProofs(context, db, checkpoint?.size ?? 0))
    return rows
  },
}
