// The embedded database as the application meets it: through db/, with migrations, transactions and vectors.
import { expect } from 'chai'
import { type Db, openDatabase } from '../../../db/database.ts'
import { migrate } from '../../../db/migrate.ts'
import { migrations } from '../../../db/migrations/index.ts'
import { newId } from '../../../db/ids.ts'
import { rejection } from '../../support/rejection.ts'
import { startTestPostgres, type TestPostgres } from '../../support/embedded-postgres.ts'

describe('embedded database through Sequelize', function () {
  this.timeout(60_000)
  let postgres: TestPostgres
  let owner: Db
  let app: Db
  let firstRuns: string[][]

  before(async () => {
    postgres = await startTestPostgres({ idleTransactionMs: 1_000 })
    const six = Array.from({ length: 6 }, () => openDatabase({ url: postgres.database.ownerUrl }))
    firstRuns = await Promise.all(six.map((db) => migrate(db, 'cdsa_app')))
    await Promise.all(six.map((db) => db.close()))
    owner = openDatabase({ url: postgres.database.ownerUrl })
    app = openDatabase({ url: postgres.database.applicationUrl })
    await owner.execute('create table note (id uuid primary key, text text not null)')
    await owner.execute('create table point (id int primary key, at vector(3) not null)')
    await owner.execute('grant select, insert, update, delete on note, point to cdsa_app')
  })
  after(async () => {
    await app?.close()
    await owner?.close()
    await postgres?.stop()
  })

  const add = (db: Db, text: string) => db.execute('insert into note values ($1, $2)', [newId(), text])
  const texts = async (): Promise<string[]> =>
    (await app.query<{ text: string }>('select text from note order by text')).map(({ text }) => text)
  beforeEach(() => owner.execute('truncate note'))

  it('lets exactly one of six migrators run each migration', async () => {
    const names = migrations.map(({ name }) => name)
    expect(firstRuns.flat().toSorted()).to.deep.equal(names.toSorted())
    expect(firstRuns.filter((ran) => ran.length > 0)).to.have.length(1)
    expect(await migrate(owner, 'cdsa_app')).to.deep.equal([])
  })

  it('lets the application use rows of the migrated tables, and not the tables', async () => {
    expect(await app.query('select count(*)::int as n from users')).to.deep.equal([{ n: 0 }])
    for (const sql of ['create table mine (id int)', 'alter table users add column x int', 'truncate users']) {
      expect((await rejection(app.execute(sql))).message, sql).to.match(/permission denied|must be owner/)
    }
    const [me] = await app.query('select rolsuper, rolcreaterole from pg_roles where rolname = current_user')
    expect(me).to.deep.equal({ rolsuper: false, rolcreaterole: false })
  })

  it('commits and rolls back', async () => {
    await app.transaction((tx) => add(tx, 'kept'))
    await rejection(
      app.transaction(async (tx) => {
        await add(tx, 'undone')
        throw new Error('undo')
      }),
    )
    expect(await texts()).to.deep.equal(['kept'])
  })

  it('joins an inner transaction to the outer one', async () => {
    await rejection(
      app.transaction(async (outer) => {
        await add(outer, 'outer')
        await outer.transaction((inner) => add(inner, 'inner'))
        throw new Error('undo both')
      }),
    )
    expect(await texts()).to.deep.equal([])
  })

  it('keeps parallel queries of a transaction, on whichever handle, in that transaction', async () => {
    const count = await app.transaction(async (tx) => {
      await Promise.all([add(tx, 'a'), add(app, 'b'), add(tx, 'c')])
      return (await app.query('select 1 from note')).length
    })
    expect(count).to.equal(3)
    expect(await texts()).to.deep.equal(['a', 'b', 'c'])
  })

  it('keeps ten parallel transactions apart, half of them rolled back', async () => {
    const run = (index: number) =>
      app.transaction(async (tx) => {
        await add(tx, String(index))
        await tx.query('select pg_sleep(0.005)')
        if (index % 2 === 1) throw new Error('undo')
      })
    await Promise.allSettled(Array.from({ length: 10 }, (_, index) => run(index)))
    expect(await texts()).to.deep.equal(['0', '2', '4', '6', '8'])
  })

  it('serves three pools at once, as three processes have them: no claim twice, no write of a rolled back one', async () => {
    const pools = Array.from({ length: 3 }, () => openDatabase({ url: postgres.database.applicationUrl }))
    await Promise.all(Array.from({ length: 60 }, (_, index) => add(app, `job ${String(index).padStart(2, '0')}`)))
    const claimed: string[] = []
    const claim = (db: Db, rollBack: boolean): Promise<boolean> =>
      db
        .transaction(async (tx) => {
          const rows = await tx.query<{ id: string; text: string }>(
            `select id, text from note where text like 'job %' order by text limit 1 for update skip locked`,
          )
          for (const { id, text } of rows) {
            await tx.execute('update note set text = $2 where id = $1', [id, text.replace('job', 'done')])
            if (rollBack) throw new Error('undo')
            claimed.push(text)
          }
          return rows.length > 0
        })
        .catch((error: Error) => error.message === 'undo')
    const work = async (db: Db): Promise<void> => {
      for (let turn = 0; await claim(db, turn % 3 === 2); turn += 1);
    }
    await Promise.all(pools.flatMap((db) => [work(db), work(db), work(db)]))
    await Promise.all(pools.map((db) => db.close()))
    expect(claimed.length).to.equal(60)
    expect(new Set(claimed).size).to.equal(60)
    expect((await texts()).filter((text) => text.startsWith('done'))).to.have.length(60)
  })

  it('returns vectors as arrays of numbers, ordered by distance', async () => {
    await app.execute(`insert into point values (1, '[1,2,3]'), (2, $1)`, ['[0.5,0,0]'])
    const rows = await app.query<{ id: number; at: number[] }>(`select id, at from point order by at <=> '[1,0,0]'`)
    expect(rows).to.deep.equal([
      { id: 2, at: [0.5, 0, 0] },
      { id: 1, at: [1, 2, 3] },
    ])
  })

  it('rolls back a transaction that idled while others waited, and goes on with another connection', async () => {
    const other = await postgres.connect()
    const failure = await rejection(
      app.transaction(async (tx) => {
        await add(tx, 'lost')
        await other.query('select 1')
        await add(tx, 'too late')
      }),
    )
    expect(failure.message).to.match(/connection|idle/i)
    expect(await texts()).to.deep.equal([])
    await add(app, 'next')
    expect(await texts()).to.deep.equal(['next'])
  })
})
