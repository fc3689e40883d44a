// Transactions of different clients never mix, and none can hold up the others for ever.
import { expect } from 'chai'
import { join } from 'node:path'
import type pg from 'pg'
import { eventually } from '../../../support/eventually.ts'
import { raw, startRawPostgres } from '../../../support/raw-postgres.ts'
import { startTestPostgres, type TestPostgres } from '../../../support/embedded-postgres.ts'

type Outcome = { readonly value?: unknown; readonly code?: string | undefined }

/** What becomes of a query, as a value: it may be looked at before it is awaited. */
function outcome(query: Promise<pg.QueryResult>): Promise<Outcome> {
  return query.then(
    ({ rows }) => ({ value: rows[0]?.value }),
    (error: Error & { code?: string }) => ({ code: error.code }),
  )
}

describe('multiplexer, transactions', () => {
  let postgres: TestPostgres
  let owner: pg.Client
  let a: pg.Client
  let b: pg.Client
  before(async () => {
    postgres = await startTestPostgres({ idleTransactionMs: 400 })
    owner = await postgres.connect('cdsa_owner')
  })
  after(() => postgres.stop())

  beforeEach(async () => {
    await owner.query(`
      drop table if exists item;
      create table item (id int primary key, value text not null default 'new');
      insert into item select generate_series(1, 20);
      grant select, insert, update, delete on item to cdsa_app`)
    a = await postgres.connect()
    b = await postgres.connect()
  })
  afterEach(() => Promise.all([a, b].map((client) => client.end().catch(() => undefined))))

  it('lets the other client see a change only when it is committed', async () => {
    await a.query('begin')
    await a.query(`update item set value = 'dirty' where id = 1`)
    const seen = outcome(b.query('select value from item where id = 1'))
    await a.query('rollback')
    expect(await seen).to.deep.equal({ value: 'new' })
    await a.query(`begin; update item set value = 'done' where id = 1; commit`)
    expect(await outcome(b.query('select value from item where id = 1'))).to.deep.equal({ value: 'done' })
  })

  it('keeps the other client’s write when a transaction is rolled back', async () => {
    await a.query('begin')
    await a.query(`update item set value = 'a' where id = 2`)
    const write = b.query(`update item set value = 'b' where id = 3`)
    await a.query('rollback')
    await write
    const { rows } = await b.query('select value from item where id in (2, 3) order by id')
    expect(rows).to.deep.equal([{ value: 'new' }, { value: 'b' }])
  })

  it('loses no increment of two clients’ transactions', async () => {
    await owner.query(`update item set value = '0' where id = 4`)
    const increment = async (client: pg.Client): Promise<void> => {
      for (let i = 0; i < 25; i += 1) {
        await client.query('begin')
        const { rows } = await client.query('select value from item where id = $1 for update', [4])
        await client.query('update item set value = $1 where id = 4', [String(Number(rows[0].value) + 1)])
        await client.query('commit')
      }
    }
    await Promise.all([increment(a), increment(b)])
    expect(await outcome(a.query('select value from item where id = 4'))).to.deep.equal({ value: '50' })
  })

  it('keeps a failed transaction to its client', async () => {
    await a.query('begin')
    expect(await outcome(a.query('select 1/0'))).to.deep.equal({ code: '22012' })
    const other = outcome(b.query('select 5 as value'))
    expect(await outcome(a.query('select 1'))).to.deep.equal({ code: '25P02' })
    await a.query('rollback')
    expect(await other).to.deep.equal({ value: 5 })
  })

  it('keeps savepoints', async () => {
    await a.query('begin; savepoint here')
    expect(await outcome(a.query('select 1/0'))).to.deep.equal({ code: '22012' })
    await a.query('rollback to here')
    expect(await outcome(a.query('select 3 as value'))).to.deep.equal({ value: 3 })
    await a.query('commit')
  })

  it('rolls back when a client vanishes in its transaction', async () => {
    await a.query('begin')
    await a.query(`update item set value = 'lost' where id = 5`)
    const waiting = outcome(b.query('select value from item where id = 5'))
    ;(a as unknown as { connection: { stream: { destroy(): void } } }).connection.stream.destroy()
    expect(await waiting).to.deep.equal({ value: 'new' })
  })

  const openRaw = () => startRawPostgres(join(postgres.directory, 'run', '.s.PGSQL.5432'))

  it('rolls back when a client vanishes before the Sync of its pipeline', async () => {
    const client = await openRaw()
    client.send(raw.parse(`update item set value = 'lost' where id = 7`), raw.bind(), raw.execute(), raw.flush())
    await client.answer('C')
    const waiting = outcome(b.query('select value from item where id = 7'))
    client.close()
    expect(await waiting).to.deep.equal({ value: 'new' })
  })

  it('goes on after a client that vanishes before the Sync of its failed pipeline', async () => {
    const client = await openRaw()
    client.send(raw.parse('nonsense'), raw.flush())
    await client.answer('E')
    const waiting = outcome(b.query('select 1 as value'))
    client.close()
    expect(await waiting).to.deep.equal({ value: 1 })
  })

  it('ends a transaction that idles while another client waits', async () => {
    const ended = new Promise<string | undefined>((resolve) => {
      a.on('error', (error: Error & { code?: string }) => resolve(error.code))
    })
    await a.query('begin')
    await a.query(`update item set value = 'lost' where id = 6`)
    expect(await outcome(b.query('select value from item where id = 6'))).to.deep.equal({ value: 'new' })
    expect(await ended).to.equal('25P03')
  })

  it('ends it in time although ever more clients come to wait', async () => {
    await a.query('begin')
    const waiting = outcome(b.query('select 1 as value'))
    let isOver = false
    void waiting.then(() => (isOver = true))
    const late: Promise<Outcome>[] = []
    await eventually('the first one’s turn', async () => {
      if (late.length < 30) late.push(outcome((await postgres.connect()).query('select 2 as value')))
      return isOver
    })
    expect(await waiting).to.deep.equal({ value: 1 })
    expect(new Set((await Promise.all(late)).map(({ value }) => value))).to.deep.equal(new Set([2]))
  })

  it('hands out each job once with SKIP LOCKED', async () => {
    const claim = async (client: pg.Client): Promise<number[]> => {
      const ids: number[] = []
      for (;;) {
        await client.query('begin')
        const { rows } = await client.query(
          `select id from item where value = 'new' order by id for update skip locked limit 1`,
        )
        if (rows[0] !== undefined) await client.query(`update item set value = 'taken' where id = $1`, [rows[0].id])
        await client.query('commit')
        if (rows[0] === undefined) return ids
        ids.push(rows[0].id)
      }
    }
    const claimed = (await Promise.all([claim(a), claim(b)])).flat()
    expect(claimed.toSorted((x, y) => x - y)).to.deep.equal(Array.from({ length: 20 }, (_, i) => i + 1))
  })

  it('lets a transaction’s advisory lock hold off the other client until the end', async () => {
    await a.query('begin')
    await a.query('select pg_advisory_xact_lock(7)')
    const order: string[] = []
    const second = b.query('select pg_advisory_xact_lock(7)').then(() => order.push('b locked'))
    order.push('a commits')
    await a.query('commit')
    await second
    expect(order).to.deep.equal(['a commits', 'b locked'])
  })

  it('forgets SET LOCAL at the end of the transaction', async () => {
    await a.query(`begin; set local app.user_id = 'alice'`)
    const read = `select current_setting('app.user_id', true) as value`
    expect(await outcome(a.query(read))).to.deep.equal({ value: 'alice' })
    const other = outcome(b.query(read))
    await a.query('commit')
    expect((await other).value ?? '').to.equal('')
    await a.query(`begin`)
    await a.query(`select set_config('app.user_id', $1, true)`, ['bob'])
    expect(await outcome(a.query(read))).to.deep.equal({ value: 'bob' })
    await a.query('commit')
    expect((await outcome(a.query(read))).value ?? '').to.equal('')
  })
})
