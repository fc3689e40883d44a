// Queries on a real Postgres 17, by logins of every kind: what is read, how much of it, and that nothing else happens.
import { expect } from 'chai'
import { Client } from 'pg'
import { parseConfig } from '../../../platform/config.ts'
import { ownPortsOf } from '../../../platform/egress/own-ports.ts'
import { ruleOf } from '../../../platform/egress/refusal.ts'
import { type QueryLimits, createQueryDatabase } from '../../../platform/tools/query-database.ts'
import type { QueryResult } from '../../../platform/tools/run-query.ts'
import { appErrorOf } from '../../support/app-error-of.ts'
import { findDebianRoot } from '../../support/debian-root.ts'
import { testEgress } from '../../support/egress-harness.ts'
import { eventually } from '../../support/eventually.ts'
import { type TestPostgres, startPostgres } from '../../support/postgres.ts'
import { rejection } from '../../support/rejection.ts'
import { type TestCall, testCall } from '../../support/tool-call.ts'

const password = 'reader-p@ss/word'

describe('the tool query_database', function () {
  this.timeout(120_000)
  let postgres: TestPostgres
  let superuser: Client
  let place: string

  before(async function () {
    const root = await findDebianRoot()
    if (root === undefined) this.skip()
    postgres = await startPostgres({ root })
    place = new URL(postgres.superuserUrl).host
    superuser = new Client({ connectionString: postgres.superuserUrl })
    superuser.on('error', () => undefined)
    await superuser.connect()
    for (const statement of [
      `create role reader login password '${password}'`,
      `create role plain_group`,
      `create role powerful login password '${password}' bypassrls`,
      `create role creator login password '${password}' createrole`,
      `create role program_runner login password '${password}'`,
      `grant pg_execute_server_program to program_runner`,
      `create role climber login password '${password}' noinherit`,
      `grant powerful to climber`,
      `grant plain_group to reader`,
      `create table cities (id int primary key, name text, area numeric, founded timestamptz, facts jsonb, big bigint)`,
      `insert into cities select n, 'city ' || n, n + 0.10, '2020-01-01T00:00:00Z', '{"n": 1}', 9007199254740993 from generate_series(1, 1000) n`,
      `create sequence counter`,
      `grant select, insert, update, delete on cities to reader`,
      `grant usage on sequence counter to reader`,
    ])
      await superuser.query(statement)
  })
  after(async () => {
    await superuser?.end()
    await postgres?.stop()
  })

  const dsnOf = (user: string, host = place): string =>
    `postgres://${user}:${encodeURIComponent(password)}@${host}/postgres`
  const callAs = (dsn: string, given: { readonly signal?: AbortSignal; readonly database?: object } = {}): TestCall => {
    const { hostname: host, port } = new URL(postgres.superuserUrl)
    const database = { host, port: Number(port), tls: false, dsn: 'secret://db/reader', ...given.database }
    return testCall({
      config: { databases: { shop: database } },
      secrets: { 'secret://db/reader': { value: dsn, destinations: [`postgres://${place}`] } },
      ...(given.signal && { signal: given.signal }),
    })
  }
  const tool = (limits: Partial<QueryLimits> = {}) =>
    createQueryDatabase({ egress: testEgress({ allow: [place] }), limits })
  const query = async (
    sql: string,
    parameters: unknown[] = [],
    limits: Partial<QueryLimits> = {},
  ): Promise<QueryResult> =>
    (await tool(limits).run({ database: 'shop', sql, parameters }, callAs(dsnOf('reader')))) as QueryResult
  const faultOf = async (sql: string, limits: Partial<QueryLimits> = {}): Promise<string> => {
    const error = await appErrorOf(query(sql, [], limits))
    expect(error.code, sql).to.equal('tool.failed')
    return error.detail ?? ''
  }
  const count = async (): Promise<number> =>
    Number((await superuser.query('select count(*) from cities where name is not null')).rows[0]?.count)

  const nothingRuns = (withinMs?: number): Promise<boolean> =>
    eventually(
      'no query of the tool runs',
      async () => {
        const { rows } = await superuser.query(
          `select count(*)::int as n from pg_stat_activity where usename = 'reader' and state = 'active'`,
        )
        return rows[0]?.n === 0
      },
      withinMs,
    )

  it('reads rows with parameters, each value exactly', async () => {
    const result = await query(
      'select id, name, area, founded at time zone $2 as at, facts, big, 1.5::float8 f, null n from cities where id = $1',
      [7, 'UTC'],
    )
    expect(result).to.deep.equal({
      columns: ['id', 'name', 'area', 'at', 'facts', 'big', 'f', 'n'],
      rows: [[7, 'city 7', '7.10', '2020-01-01 00:00:00', { n: 1 }, '9007199254740993', 1.5, null]],
      rowCount: 1,
      truncated: false,
    })
    expect((await query('select true a, 2 a')).rows).to.deep.equal([[true, 2]])
    expect((await query(`select 'NaN'::float8, 'infinity'::float8`)).rows).to.deep.equal([['NaN', 'Infinity']])
    expect((await query('table cities limit 2')).rowCount).to.equal(2)
    expect((await query('values (1), (2) -- and a comment')).rows).to.deep.equal([[1], [2]])
    expect((await query('with c as (select 1) select * from c;')).rows).to.deep.equal([[1]])
  })

  it('stops at its rows, at its bytes, and says so', async () => {
    const rows = await query('select id from cities order by id', [], { rows: 10 })
    expect(rows).to.include({ rowCount: 10, truncated: true })
    expect((await query('select id from cities where id <= 10', [], { rows: 10 })).truncated).to.equal(false)
    const bytes = await query(`select repeat('x', 1000) from cities`, [], { resultBytes: 10_500 })
    expect(bytes).to.include({ rowCount: 10, truncated: true })
    expect((await query('select a.id from cities a, cities b, cities c', [], { rows: 5 })).rowCount).to.equal(5)
  })

  it('cuts the connection when one value alone is too large', async () => {
    const before = process.memoryUsage().rss
    expect(await faultOf(`select repeat('x', 100000000)`, { wireBytes: 1024 * 1024 })).to.include('too large')
    expect(process.memoryUsage().rss - before).to.be.lessThan(90 * 1024 * 1024)
  })

  it('takes one statement, and only one that reads', async () => {
    const had = await count()
    for (const [sql, words] of [
      ['select 1; select 2', /SQLSTATE 42601/],
      ['select 1; commit; delete from cities', /SQLSTATE 42601/],
      ['delete from cities', /SQLSTATE 42601/],
      ['with gone as (delete from cities returning id) select * from gone', /data-modifying|only reads|0A000/],
      ['select 1 into temp copied', /SQLSTATE 42/],
      ['commit', /SQLSTATE 42601/],
      ['set transaction read write', /SQLSTATE 42601/],
      [`copy cities to program 'id'`, /SQLSTATE 42601/],
      ['do $$ begin delete from cities; end $$', /SQLSTATE 42601/],
      [`select nextval('counter')`, /only reads/],
      [`select set_config('transaction_read_only', 'off', true)`, /25001|only reads|22023|error/],
      ['select * from cities for update', /only reads|SQLSTATE/],
      [`select pg_read_file('/etc/passwd')`, /SQLSTATE 42501/],
      ['select rolpassword from pg_authid', /SQLSTATE 42501/],
    ] as const) {
      expect(await faultOf(sql), sql).to.match(words)
    }
    expect(await count()).to.equal(had)
  })

  it('says what is wrong with a query, but quotes no value of the database', async () => {
    expect(await faultOf('select nam from cities')).to.include('column "nam" does not exist')
    expect(await faultOf('select name::int from cities'))
      .to.include('22P02')
      .and.not.to.include('city')
    expect(await faultOf('select 1 / (id - id) from cities')).to.include('divides by zero')
  })

  it('ends a query that takes too long, on the server, too', async () => {
    expect(await faultOf('select pg_sleep(60)', { statementMs: 300 })).to.include('longer than 300 ms')
    const raised = `select set_config('statement_timeout', '0', false), pg_sleep(60)`
    expect(await faultOf(raised, { statementMs: 300 })).to.include('longer than 300 ms')
    await nothingRuns()
    const controller = new AbortController()
    const call = callAs(dsnOf('reader'), { signal: controller.signal })
    const running = rejection(tool().run({ database: 'shop', sql: 'select pg_sleep(60)' }, call))
    setTimeout(() => controller.abort(new Error('cancelled')), 300)
    expect((await running).message).to.equal('cancelled')
    // Sooner than its time limit: the server has noticed that nobody waits.
    await nothingRuns(8_000)
  })

  it('refuses a login that may do more than read its tables, or may become one that does', async () => {
    for (const user of ['postgres', 'powerful', 'creator', 'program_runner', 'climber', 'cdsa_owner']) {
      const dsn = user === 'postgres' ? postgres.superuserUrl : user === 'cdsa_owner' ? postgres.ownerUrl : dsnOf(user)
      const error = await appErrorOf(tool().run({ database: 'shop', sql: 'select 1' }, callAs(dsn)))
      expect(error.code, user).to.equal('tool.failed')
      expect(error.detail, user).to.include('a role that may do more than read')
    }
  })

  it('opens the secret for the configured host alone, and connects to no other', async () => {
    const call = callAs(dsnOf('reader'))
    await tool().run({ database: 'shop', sql: 'select 1' }, call)
    expect(call.resolved).to.deep.equal([`secret://db/reader postgres://${place}`])
    for (const dsn of [
      dsnOf('reader', 'db.example.org:5432'),
      dsnOf('reader', '127.0.0.1:1'),
      'no url',
      'mysql://a:b@c/d',
      `postgres://${place}/postgres`,
    ]) {
      const error = await appErrorOf(tool().run({ database: 'shop', sql: 'select 1' }, callAs(dsn)))
      expect(error.code, dsn).to.equal('tool.failed')
      expect(error.detail).not.to.include('reader-p')
    }
    const elsewhere = callAs(dsnOf('reader'), { database: { port: 1 } })
    expect((await appErrorOf(tool().run({ database: 'shop', sql: 'select 1' }, elsewhere))).code).to.equal(
      'secret.destination_refused',
    )
    const wrong = callAs(dsnOf('reader').replace('word', 'wrong'))
    expect((await appErrorOf(tool().run({ database: 'shop', sql: 'select 1' }, wrong))).detail).to.include(
      'refuses the tool’s login',
    )
  })

  it('never asks the platform’s own database, whatever the allow-list says', async () => {
    const ownPorts = ownPortsOf(parseConfig({ DATABASE_URL: postgres.applicationUrl }))
    const own = createQueryDatabase({ egress: testEgress({ allow: [place], ownPorts }) })
    expect(ruleOf(await rejection(own.run({ database: 'shop', sql: 'select 1' }, callAs(dsnOf('reader')))))).to.equal(
      'address.own',
    )
    const closed = createQueryDatabase({ egress: testEgress() })
    expect(
      ruleOf(await rejection(closed.run({ database: 'shop', sql: 'select 1' }, callAs(dsnOf('reader'))))),
    ).to.equal('port')
  })

  it('knows only the databases of its configuration', async () => {
    for (const database of ['other', 'constructor', '']) {
      const error = await appErrorOf(tool().run({ database, sql: 'select 1' }, callAs(dsnOf('reader'))))
      expect(error.errors?.[0]).to.deep.include({ path: 'database' })
      expect(error.errors?.[0]?.message).to.include('["shop"]')
    }
    const none = await appErrorOf(
      tool().run({ database: 'shop', sql: 'select 1' }, testCall({ config: { databases: 1 } })),
    )
    expect(none.code).to.equal('tool.failed')
  })

  it('gives back no password of its own', async () => {
    const result = await query(`select $1 as a, json_build_object('p', $1::text) as b`, [`x ${password} y`])
    expect(JSON.stringify(result.rows)).to.equal(JSON.stringify([['x [redacted] y', { p: 'x [redacted] y' }]]))
  })
})
