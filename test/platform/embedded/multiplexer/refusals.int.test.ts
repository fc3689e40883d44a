// What the shared session can't offer is refused with a clear error, and the application can't become anybody else.
import { expect } from 'chai'
import { join } from 'node:path'
import type pg from 'pg'
import { openRawPostgres, raw, type RawPostgres, startRawPostgres } from '../../../support/raw-postgres.ts'
import { startTestPostgres, type TestPostgres } from '../../../support/embedded-postgres.ts'

async function codeOf(query: Promise<unknown>): Promise<string | undefined> {
  return query.then(
    () => undefined,
    (error: Error & { code?: string }) => error.code,
  )
}

describe('multiplexer, refusals', () => {
  let postgres: TestPostgres
  let app: pg.Client
  let owner: pg.Client
  let socketPath: string
  const raws: RawPostgres[] = []
  before(async () => {
    postgres = await startTestPostgres({ maxConnections: 6 })
    socketPath = join(postgres.directory, 'run', '.s.PGSQL.5432')
    app = await postgres.connect()
    owner = await postgres.connect('cdsa_owner')
    await owner.query('create table kept (id int primary key); grant select, insert on kept to cdsa_app')
  })
  after(async () => {
    for (const client of raws) client.close()
    await postgres.stop()
  })
  const opened = async (client: Promise<RawPostgres>): Promise<RawPostgres> => {
    const one = await client
    raws.push(one)
    return one
  }
  const whoAmI = async (client: pg.Client): Promise<unknown> =>
    (
      await client.query(
        `select session_user::text || '/' || current_user::text || '/' || current_setting('is_superuser') as me`,
      )
    ).rows[0].me

  it('serves each start-up user as that role, neither a superuser', async () => {
    expect(await whoAmI(app)).to.equal('cdsa_app/cdsa_app/off')
    expect(await whoAmI(owner)).to.equal('cdsa_owner/cdsa_owner/off')
    expect(await whoAmI(app)).to.equal('cdsa_app/cdsa_app/off')
  })

  const notOffered = [
    `set app.user_id = 'x'`,
    `set time zone 'Asia/Tokyo'`,
    'reset all',
    'discard all',
    'copy kept from stdin',
    'copy (select 1) to stdout',
    'listen channel',
    'prepare p as select 1',
    `select set_config('app.user_id', 'x', false)`,
    `select set_config('standard_conforming_strings', 'off', true)`,
    `select set_config('Client_Encoding', 'SJIS', true)`,
  ]
  for (const sql of notOffered) {
    it(`doesn’t offer ${sql}`, async () => {
      expect(await codeOf(app.query(sql))).to.equal('0A000')
      expect(await codeOf(app.query({ text: sql, values: [] })), 'extended protocol').to.equal('0A000')
      expect(await whoAmI(app)).to.equal('cdsa_app/cdsa_app/off')
    })
  }

  const escapes = [
    ['set role postgres', '0A000'],
    ['set local role postgres', '42501'],
    ['set local role cdsa_owner', '42501'],
    [`select set_config('role', 'postgres', true)`, '42501'],
    [`select set_config('session_authorization', 'postgres', true)`, '42501'],
    [`select set_config_unguarded('session_authorization', 'postgres', false)`, '42501'],
    [`select set_config('session_replication_role', 'replica', true)`, '42501'],
    ['set session authorization postgres', '0A000'],
    ['set local session authorization postgres', '0A000'],
    [`set local session_authorization = 'postgres'`, '0A000'],
    ['reset session authorization', '0A000'],
    ['select 1; set session authorization postgres; select 2', '0A000'],
    [`update pg_settings set setting = 'postgres' where name = 'session_authorization'`, '42501'],
    ['do $$ begin set session authorization postgres; end $$', '42501'],
    [`do language sql 'select 1'`, '42501'],
    [`select query_to_xml('set session authorization postgres', true, true, '')`, '0A000'],
    ['create table mine (id int)', '42501'],
    ['create temporary table mine (id int)', '42501'],
    ['create schema mine', '42501'],
    [`create function mine() returns int language sql as 'select 1'`, '42501'],
    ['alter table kept add column more int', '42501'],
    ['drop table kept', '42501'],
    ['alter role cdsa_app superuser', '42501'],
    ['grant cdsa_owner to cdsa_app', '42501'],
    ['create role mine', '42501'],
    [`select pg_read_file('/etc/passwd')`, '42501'],
    ['alter system set fsync = on', '42501'],
  ] as const
  for (const [sql, code] of escapes) {
    it(`keeps the application from ${sql}`, async () => {
      expect(await codeOf(app.query(sql))).to.equal(code)
      expect(await whoAmI(app)).to.equal('cdsa_app/cdsa_app/off')
    })
  }

  it('lets the owner create tables, roles and the extension, and no superuser', async () => {
    await owner.query('create extension if not exists vector')
    await owner.query('create role reader; create table vectors (v vector(3))')
    expect(await codeOf(owner.query('create role root superuser'))).to.equal('42501')
    expect(await codeOf(owner.query('create temporary table t (id int)'))).to.equal('42501')
  })

  it('fails the transaction in which something is refused, as any error does', async () => {
    await app.query('begin')
    await app.query('insert into kept values (1)')
    expect(await codeOf(app.query('listen channel'))).to.equal('0A000')
    expect(await codeOf(app.query('select 1'))).to.equal('25P02')
    await app.query('commit')
    expect((await app.query('select * from kept')).rows).to.deep.equal([])
  })

  it('goes on after a refused statement in a pipeline', async () => {
    const client = await opened(startRawPostgres(socketPath))
    client.send(raw.parse('reset all'), raw.bind(), raw.execute(), raw.sync())
    expect((await client.answer('Z')).types).to.match(/EZ$/)
    client.send(raw.query('select 1'))
    expect((await client.answer('Z')).types).to.equal('TDCZ')
    client.close()
  })

  it('refuses connections beyond its limit, and serves again once one has gone', async () => {
    const extra = await Promise.all(Array.from({ length: 4 }, () => postgres.connect()))
    expect(await codeOf(postgres.connect())).to.equal('53300')
    await Promise.all(extra.map((client) => client.end()))
    expect(await whoAmI(await postgres.connect())).to.equal('cdsa_app/cdsa_app/off')
  })

  it('takes a cancel request without harm', async () => {
    const client = await opened(openRawPostgres(socketPath))
    const closed = new Promise((resolve) => client.socket.once('close', resolve))
    client.send(raw.cancel())
    await closed
    expect(await whoAmI(app)).to.equal('cdsa_app/cdsa_app/off')
  })

  const packets: readonly (readonly [string, Buffer, string])[] = [
    ['an unknown user', raw.startup({ user: 'postgres', database: 'postgres' }), 'C28000'],
    ['an unknown database', raw.startup({ user: 'cdsa_app', database: 'template1' }), 'C3D000'],
    ['settings', raw.startup({ user: 'cdsa_app', database: 'postgres', options: '-c role=postgres' }), 'C0A000'],
    ['another encoding', raw.startup({ user: 'cdsa_app', database: 'postgres', client_encoding: 'SJIS' }), 'C0A000'],
    ['version 2 of the protocol', raw.startup({ user: 'cdsa_app' }, 131_072), 'C0A000'],
  ]
  for (const [what, packet, code] of packets) {
    it(`refuses ${what} at the start of a connection`, async () => {
      const client = await opened(openRawPostgres(socketPath))
      client.send(packet)
      expect((await client.answer('E')).text).to.contain(code)
    })
  }

  it('ends a connection that sends an unknown message, and no other', async () => {
    const client = await opened(startRawPostgres(socketPath))
    client.send(raw.unknown())
    expect((await client.answer('E')).text).to.contain('C08P01')
    expect(await whoAmI(app)).to.equal('cdsa_app/cdsa_app/off')
  })
})
