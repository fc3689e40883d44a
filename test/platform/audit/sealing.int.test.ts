// Sealing on a real database: every row becomes a leaf once, whatever runs at once and wherever it stops, and what was
// signed is never signed otherwise.
import { stat } from 'node:fs/promises'
import { join } from 'node:path'
import { expect } from 'chai'
import { createSealAudit } from '../../../activities/audit/seal.ts'
import { findLatestCheckpoint, listCheckpoints } from '../../../db/audit/checkpoints.ts'
import { listAuditEvents } from '../../../db/audit/events.ts'
import { findOrigin, findUnsealedSeconds } from '../../../db/audit/sealing.ts'
import type { Db } from '../../../db/database.ts'
import { verifyNote } from '../../../platform/audit/checkpoint-note.ts'
import { consistencyProof, inclusionProof } from '../../../platform/audit/merkle.ts'
import { appendHeartbeat, sealBatch, signNewestRoot } from '../../../platform/audit/seal.ts'
import { type AuditSigner, createAuditSigner } from '../../../platform/audit/signer.ts'
import { createHashReader } from '../../../platform/audit/tree-store.ts'
import { verifyConsistency, verifyInclusion } from '../../../platform/audit/verify-proof.ts'
import { parseConfig } from '../../../platform/config.ts'
import { createLogger } from '../../../platform/logger.ts'
import { appendBulk, appendMany, expectWhole, generation, sealAll } from '../../support/audit-log.ts'
import { type TestDatabase, startTestDatabase } from '../../support/database.ts'
import { rejection } from '../../support/rejection.ts'
import { tamper } from '../../support/tamper.ts'
import { temporaryDirectory } from '../../support/temporary-directory.ts'

describe('sealing', function () {
  this.timeout(120_000)
  const directory = temporaryDirectory()
  let database: TestDatabase
  const config = () => parseConfig({ CDSA_DATA_DIR: directory() })
  const openSigner = (): Promise<AuditSigner> =>
    createAuditSigner({ config: config(), log: createLogger({ level: 'silent' }) })

  beforeEach(async () => {
    database = await startTestDatabase()
  })
  afterEach(() => database.stop())

  it('gives every row an index and makes the tree of RFC 6962, in batches of any size, over many tiles', async () => {
    const { db, owner } = database
    for (const count of [1, 2, 254, 3, 700, 1_300]) {
      await appendBulk(owner, count)
      await sealAll(db, 500)
      await expectWhole(db)
    }
    const [tiles] = await db.query<{ count: string }>('select count(*) from audit_tree')
    expect(Number(tiles?.count)).to.equal(Math.floor(2_261 / 256))
  })

  it('never splits a transaction over two batches', async () => {
    const { db } = database
    await sealAll(db)
    for (const count of [3, 5, 2, 4]) await appendMany(db, count)
    await sealAll(db, 4)
    await expectWhole(db)
    const split = await db.query(
      `select r.size from audit_roots r join audit_leaves a on a.leaf_index = r.size - 1
         join audit_leaves b on b.leaf_index = r.size where a.xid = b.xid`,
    )
    expect(split).to.deep.equal([])
  })

  it('waits for transactions that are open, and then skips none of their rows', async function () {
    if (process.env['DATABASE_URL'] === undefined) this.skip()
    const { db } = database
    await appendMany(db, 1)
    await sealAll(db)
    const others = [database.open(), database.open(), database.open()]
    let finish = (): void => {}
    const finished = new Promise<void>((resolve) => {
      finish = resolve
    })
    let begun = 0
    // The first to write is the last to commit: its row has the lowest id, and comes when higher ones are there.
    const open = others.map((other) =>
      other.transaction(async (tx) => {
        await appendMany(tx, 1)
        begun += 1
        await finished
        await appendMany(tx, 1)
      }),
    )
    while (begun < others.length) await new Promise((resolve) => setTimeout(resolve, 10))
    await appendMany(db, 2)
    const before = await sealBatch(db, { generation })
    expect(before).to.deep.include({ sealed: 0, more: false })
    expect(await findUnsealedSeconds(db)).to.be.a('number')
    expect(await appendHeartbeat(db, 0), 'no heartbeat while rows wait').to.equal(false)
    finish()
    await Promise.all(open)
    expect((await sealBatch(db, { generation })).sealed).to.equal(8)
    await expectWhole(db)
  })

  it('by several sealers at once, while rows are being written, makes one log', async () => {
    const { db } = database
    const [one, two] = [database.open(), database.open()]
    const written = new AbortController()
    const writer = async (): Promise<void> => {
      for (let n = 0; n < 20; n += 1) await appendMany(db, 1 + (n % 3))
      written.abort()
    }
    const sealer = async (own: Db): Promise<void> => {
      while (!written.signal.aborted) await sealBatch(own, { generation, limit: 5 })
    }
    await Promise.all([writer(), sealer(one), sealer(two)])
    await sealAll(db)
    await expectWhole(db)
    expect(await findUnsealedSeconds(db)).to.equal(null)
  })

  it('signs a checkpoint that a verifier accepts, and proofs hold against it', async () => {
    const { db, owner } = database
    const signer = await openSigner()
    await appendBulk(owner, 700)
    await sealAll(db)
    const first = await signNewestRoot(db, signer)
    await appendBulk(owner, 600)
    await sealAll(db)
    const second = await signNewestRoot(db, signer)
    const origin = second?.origin ?? ''
    const keys = signer.publicKeys.map((publicKey) => ({ origin, publicKey }))
    const [from, to] = [verifyNote(first?.note ?? '', keys), verifyNote(second?.note ?? '', keys)]
    expect(origin).to.match(/^cdsa\/audit\/[0-9a-f]{12}$/)
    const [fromRoot, toRoot] = [from.root, to.root]
    const hashes = await consistencyProof(from.size, to.size, createHashReader(db))
    expect(verifyConsistency({ from: from.size, to: to.size, fromRoot, toRoot, hashes })).to.equal(true)
    for (const index of [0, 255, 256, 511, 699, 1_023, 1_024, to.size - 1]) {
      const path = await inclusionProof(index, to.size, createHashReader(db))
      const [leaf] = await db.query<{ leafHash: Buffer }>(
        'select leaf_hash as "leafHash" from audit_leaves where leaf_index = $1',
        [index],
      )
      const claim = { leafHash: leaf?.leafHash ?? Buffer.alloc(0), index, size: to.size, hashes: path, root: toRoot }
      expect(verifyInclusion(claim), `leaf ${index}`).to.equal(true)
    }
    expect((await stat(join(directory(), 'keys', 'audit-checkpoint'))).mode & 0o777).to.equal(0o600)
  })

  it('goes on after a stop at any stage', async () => {
    const { db, owner } = database
    const seal = createSealAudit({ db, config: config(), auditSigner: await openSigner() })
    await appendMany(db, 3)
    const failAt = async (table: string): Promise<void> => {
      await owner.execute(
        `create function stop_here() returns trigger language plpgsql as 'begin raise exception ''stopped''; end'`,
      )
      await owner.execute(
        `create trigger stop_here before insert on ${table} for each row execute function stop_here()`,
      )
      try {
        expect(await rejection(seal({ emptySeconds: 0 })), table).to.be.instanceOf(Error)
      } finally {
        await owner.execute('drop function stop_here() cascade')
      }
    }
    for (const table of ['audit_origins', 'audit_leaves', 'audit_roots']) {
      await failAt(table)
      expect(await findLatestCheckpoint(db), table).to.equal(undefined)
      const [leaves] = await db.query<{ count: string }>('select count(*) from audit_leaves')
      expect(leaves?.count, table).to.equal('0')
    }
    // Committed, and signed as far as the signer remembers, but the signature was lost.
    await failAt('audit_checkpoints')
    await expectWhole(db)
    await seal({ emptySeconds: 3_600 })
    const checkpoint = await findLatestCheckpoint(db)
    const [{ size } = { size: '' }] = await db.query<{ size: string }>('select max(size) as size from audit_roots')
    expect(checkpoint?.size).to.equal(Number(size))
    await seal({ emptySeconds: 3_600 })
    expect((await listCheckpoints(db, { limit: 10 })).data.length).to.equal(1)
    await expectWhole(db)
  })

  it('adds a heartbeat to an empty interval, and only to such a one', async () => {
    const { db } = database
    const seal = createSealAudit({ db, config: config(), auditSigner: await openSigner() })
    const beats = async (): Promise<number> =>
      (await listAuditEvents(db, { action: 'audit.heartbeat' }, { limit: 100 })).data.length
    await appendMany(db, 1)
    // The first seal of all tells that the log begins.
    expect(await seal({ emptySeconds: 0 })).to.deep.equal({ sealed: 2, size: 2 })
    expect(await beats()).to.equal(0)
    expect(await seal({ emptySeconds: 0 })).to.deep.equal({ sealed: 1, size: 3 })
    expect(await seal({ emptySeconds: 3_600 })).to.deep.equal({ sealed: 0, size: 3 })
    await appendMany(db, 1)
    expect(await seal({ emptySeconds: 0 })).to.deep.equal({ sealed: 1, size: 4 })
    expect(await beats()).to.equal(1)
    expect((await findLatestCheckpoint(db))?.size).to.equal(4)
  })

  it('goes on under a new name in a restored database, with rows whose transactions were another cluster’s', async () => {
    const { db, owner } = database
    const signer = await openSigner()
    await appendMany(db, 4)
    await sealAll(db)
    await signNewestRoot(db, signer)
    const before = await findOrigin(db)
    await appendMany(db, 2)
    const sealed = 'select event_id from audit_leaves'
    await tamper(
      owner,
      `update audit_origins set system_identifier = '1'`,
      `update audit_events set xid = '999999999999' where id not in (${sealed})`,
      `update audit_roots set xid_to = '999999999000'`,
    )
    await sealAll(db)
    const after = await findOrigin(db)
    expect([after?.number, after?.origin === before?.origin]).to.deep.equal([2, false])
    await appendMany(db, 2)
    await sealAll(db)
    await expectWhole(db)
    const checkpoint = await signNewestRoot(db, signer)
    expect(checkpoint?.origin).to.equal(after?.origin)
    const { data } = await listAuditEvents(db, { action: 'audit.restart' }, { limit: 5 })
    expect(data.map(({ leaf }) => leaf.details?.['previousOrigin'])).to.deep.equal([before?.origin, undefined])
    // The same cluster, but the operator says that an older state was restored.
    await sealBatch(db, { generation: 2 })
    expect((await findOrigin(db))?.number).to.equal(3)
    // A dump that was loaded into a cluster that has given fewer transaction ids than the old one.
    await tamper(owner, `update audit_roots set xid_to = '999999999000'`)
    await sealBatch(db, { generation: 2 })
    expect((await findOrigin(db))?.number).to.equal(4)
  })
})
