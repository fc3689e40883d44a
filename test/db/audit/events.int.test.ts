// The log's rows on a real database: what is written with them, that they share the fate of what they tell, and that
// nobody but a superuser changes them.
import { createHash } from 'node:crypto'
import { expect } from 'chai'
import type { AuditEventInput } from '../../../domain/audit/event.ts'
import { canonicalize } from '../../../domain/audit/jcs.ts'
import { appendAuditEvent, getAuditEvent, listAuditEvents } from '../../../db/audit/events.ts'
import { ensureAuditPartitions } from '../../../db/audit/partitions.ts'
import { createChat, listChats } from '../../../db/chat/chats.ts'
import type { Db } from '../../../db/database.ts'
import { newId } from '../../../db/ids.ts'
import { appErrorOf } from '../../support/app-error-of.ts'
import { type TestDatabase, startTestDatabase } from '../../support/database.ts'
import { rejection } from '../../support/rejection.ts'

const page = { limit: 100 }

describe('audit events', function () {
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

  const made = (resourceId: string): AuditEventInput => ({
    action: 'chat.create',
    outcome: 'success',
    actor: { type: 'user', id: userId, sessionId: newId() },
    resource: { type: 'chat', id: resourceId },
    requestId: 'r-1',
    details: { count: 3, ratio: 0.1, title: 'Grüße \u2028 "x"' },
    subjectId: userId,
    personal: { ip: '192.0.2.7', userAgent: 'curl/8 ü' },
  })
  const append = (db: Db, event: AuditEventInput): Promise<string> =>
    db.transaction((tx) => appendAuditEvent(tx, event))
  const textOf = async (id: string): Promise<string> => {
    const [row] = await database.db.query<{ leaf: string }>('select leaf from audit_events where id = $1', [id])
    return row?.leaf ?? ''
  }

  it('hold their JCS text, and personal values as commitments that the values beside them open', async () => {
    const chatId = newId()
    const id = await append(database.db, made(chatId))
    const { leaf, disclosures, leafIndex } = await getAuditEvent(database.db, id)
    expect(leafIndex).to.equal(null)
    expect(leaf).to.deep.include({ v: 1, id, action: 'chat.create', class: 3_004, activity: 1, severity: 1 })
    expect(leaf).to.deep.include({ resource: { type: 'chat', id: chatId }, requestId: 'r-1' })
    const text = await textOf(id)
    expect(text).to.equal(canonicalize(leaf))
    expect(text).not.to.match(/192\.0\.2\.7|curl/)
    expect(disclosures.map(({ name, value }) => [name, value])).to.deep.equal([
      ['ip', '192.0.2.7'],
      ['userAgent', 'curl/8 ü'],
    ])
    for (const { name, salt, value } of disclosures) {
      const bytes = Buffer.from(salt, 'base64')
      expect(bytes.length).to.equal(32)
      const commitment = createHash('sha256').update(bytes).update(JSON.stringify(value)).digest('base64')
      expect(leaf.personal?.[name]).to.equal(commitment)
    }
  })

  it('need a transaction', async () => {
    expect((await appErrorOf(appendAuditEvent(database.db, made(newId())))).code).to.equal('internal')
  })

  it('[A1] take the mutation with them when they can’t be written, and go with it when it fails', async () => {
    const [lost, event] = [newId(), made(newId())]
    await database.owner.execute(
      `create function refuse_insert() returns trigger language plpgsql as 'begin raise exception ''no space''; end'`,
    )
    await database.owner.execute(
      'create trigger refuse_insert before insert on audit_events for each row execute function refuse_insert()',
    )
    try {
      const failed = database.db.transaction(async (tx) => {
        await createChat(tx, { userId, chatId: lost }, {})
        await appendAuditEvent(tx, event)
      })
      expect(await rejection(failed)).to.be.instanceOf(Error)
    } finally {
      await database.owner.execute('drop function refuse_insert() cascade')
    }
    expect((await listChats(database.db, userId, page)).data.map(({ id }) => id)).not.to.include(lost)

    const undone = database.db.transaction(async (tx) => {
      await appendAuditEvent(tx, event)
      throw new Error('undone')
    })
    expect(await rejection(undone)).to.be.instanceOf(Error)
    const { data } = await listAuditEvents(database.db, { resourceId: event.resource.id }, page)
    expect(data).to.deep.equal([])
  })

  const changes = (table: string): readonly string[] => [
    `update ${table} set at = at`,
    `delete from ${table}`,
    `truncate ${table} cascade`,
  ]
  const logTables = ['audit_events', 'audit_leaves', 'audit_origins', 'audit_roots', 'audit_checkpoints']

  it('[A5] are neither updated, deleted nor truncated, by the application’s role or the owner, in any partition', async () => {
    await append(database.db, made(newId()))
    const partitions = await database.owner.query<{ name: string }>(
      `select inhrelid::regclass::text as name from pg_inherits where inhparent = 'audit_events'::regclass`,
    )
    expect(partitions.length).to.be.greaterThan(13)
    const statements = [...logTables, ...partitions.map(({ name }) => name)].flatMap(changes)
    for (const sql of [
      ...statements,
      'update audit_tree set level = 0',
      'delete from audit_tree',
      'truncate audit_tree',
    ]) {
      for (const db of [database.db, database.owner]) {
        expect(String(await rejection(db.execute(sql))), sql).to.match(/append-only|permission denied|must be owner/)
      }
    }
    expect(String(await rejection(database.db.execute('update audit_events set leaf = leaf')))).to.match(/denied/)
    expect(String(await rejection(database.db.execute(`update audit_personal set value = 'x'`)))).to.match(/denied/)
  })

  it('[A5] don’t let the application say in which transaction they were written', async () => {
    const given = database.db.execute(
      `insert into audit_events (id, at, leaf, action, outcome, resource_type, xid)
       values ($1, now(), '{}', 'chat.create', 'success', 'chat', '3')`,
      [newId()],
    )
    expect(String(await rejection(given))).to.match(/permission denied/)
    const id = newId()
    const [row] = await database.owner.transaction(async (tx) => {
      await tx.execute(
        `insert into audit_events (id, at, leaf, action, outcome, resource_type, xid)
         values ($1, now(), '{}', 'chat.create', 'success', 'chat', '3')`,
        [id],
      )
      return tx.query<{ same: boolean }>('select xid = pg_current_xact_id() as same from audit_events where id = $1', [
        id,
      ])
    })
    expect(row?.same).to.equal(true)
    // It isn't JSON of ours: no later test should read it.
    expect(await textOf(id)).to.equal('{}')
  })

  it('are found by what they tell, newest first, page by page', async () => {
    const [one, two] = [newId(), newId()]
    const denied: AuditEventInput = {
      ...made(one),
      action: 'request.deny',
      outcome: 'denied',
      actor: { type: 'anonymous' },
      resource: { type: 'route', id: 'GET /x' },
    }
    const ids = [await append(database.db, { ...made(one) }), await append(database.db, { ...made(two) })]
    const third = await append(database.db, { ...made(one), action: 'chat.delete' })
    const refused = await append(database.db, denied)
    const find = async (filter: Parameters<typeof listAuditEvents>[1]): Promise<string[]> =>
      (await listAuditEvents(database.db, filter, page)).data.map(({ id }) => id)
    expect(await find({ resourceType: 'chat', resourceId: one })).to.deep.equal([third, ids[0]])
    expect(await find({ resourceId: one, action: 'chat.delete', actorId: userId })).to.deep.equal([third])
    expect(await find({ outcome: 'denied' })).to.deep.equal([refused])
    const { leaf } = await getAuditEvent(database.db, third)
    expect(await find({ resourceId: one, from: leaf.at })).to.include(third)
    expect(await find({ resourceId: one, to: leaf.at })).not.to.include(third)
    const first = await listAuditEvents(database.db, { resourceId: one }, { limit: 1 })
    expect([first.hasMore, first.nextCursor]).to.deep.equal([true, third])
    const second = await listAuditEvents(database.db, { resourceId: one }, { limit: 1, after: third })
    expect(second.data.map(({ id }) => id)).to.deep.equal([ids[0]])
    expect((await appErrorOf(getAuditEvent(database.db, newId()))).code).to.equal('resource.not_found')
  })

  it('lie in the partition of their month, and beyond those in the default one, which later months leave alone', async () => {
    const { owner, db } = database
    const id = await append(db, made(newId()))
    const month = new Date().toISOString().slice(0, 7).replace('-', '_')
    const [row] = await db.query<{ table: string }>(
      'select tableoid::regclass::text as table from audit_events where id = $1',
      [id],
    )
    expect(row?.table).to.equal(`audit_events_${month}`)
    expect(await owner.transaction((tx) => ensureAuditPartitions(tx))).to.deep.equal([])
    await owner.execute(
      `insert into audit_events (id, at, leaf, action, outcome, resource_type)
       values ($1, '2190-03-05T00:00:00Z', '{}', 'chat.create', 'success', 'chat')`,
      [newId()],
    )
    const later = await owner.transaction((tx) => ensureAuditPartitions(tx, new Date('2190-02-01T00:00:00Z')))
    expect(later).to.include('audit_events_2190_02').and.not.to.include('audit_events_2190_03')
    for (const table of later) await owner.execute(`drop table ${table}`)
  })
})
