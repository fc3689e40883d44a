// Many clients at once on one PGlite session: each gets its own answers, however their messages mix.
import { expect } from 'chai'
import { join } from 'node:path'
import { raw, type RawPostgres, startRawPostgres } from '../../../support/raw-postgres.ts'
import { startTestPostgres, type TestPostgres } from '../../../support/embedded-postgres.ts'

describe('multiplexer, interleaving', () => {
  let postgres: TestPostgres
  const raws: RawPostgres[] = []
  before(async () => {
    postgres = await startTestPostgres()
  })
  after(async () => {
    for (const client of raws) client.close()
    await postgres.stop()
  })

  const openRaw = async (): Promise<RawPostgres> => {
    const client = await startRawPostgres(join(postgres.directory, 'run', '.s.PGSQL.5432'))
    raws.push(client)
    return client
  }
  const connectMany = (count: number) => Promise.all(Array.from({ length: count }, () => postgres.connect()))

  it('gives 8 connections with unnamed parameterised statements their own rows', async () => {
    const clients = await connectMany(8)
    const wrong: unknown[] = []
    const run = async (index: number): Promise<void> => {
      const type = index % 2 === 0 ? 'text' : 'int'
      for (let i = 0; i < 100; i += 1) {
        const { rows } = await clients[index]!.query(`select $1::${type} as value, ${index} as client`, [i])
        if (String(rows[0].value) !== String(i) || rows[0].client !== index) wrong.push(rows)
      }
    }
    await Promise.all(clients.map((_, index) => run(index)))
    expect(wrong).to.deep.equal([])
  })

  it('gives 6 connections with parameters of 300 KB their own rows', async () => {
    const clients = await connectMany(6)
    const found = await Promise.all(
      clients.map(async (client, index) => {
        const lengths = new Set<string>()
        for (let i = 0; i < 10; i += 1) {
          const padding = String(index).repeat(300_000)
          const { rows } = await client.query('select length($1::text) as length, left($1::text, 1) as mark', [padding])
          lengths.add(`${rows[0].length} ${rows[0].mark}`)
        }
        return [...lengths]
      }),
    )
    expect(found).to.deep.equal(clients.map((_, index) => [`300000 ${index}`]))
  })

  it('carries a parameter of 30 MB and a result of 30 MB', async () => {
    const client = await postgres.connect()
    const { rows } = await client.query(`select length($1::text) as sent, repeat('y', 30000000) as got`, [
      'x'.repeat(30e6),
    ])
    expect(rows[0].sent).to.equal(30e6)
    expect(rows[0].got).to.equal('y'.repeat(30e6))
  })

  it('keeps a Parse whose Bind comes late apart from what another client parses in between', async () => {
    const [a, b] = [await openRaw(), await openRaw()]
    a.send(raw.parse('select 111 as x'))
    b.send(raw.parse('select 222 as x'), raw.bind(), raw.execute(), raw.sync())
    expect((await b.answer('Z')).text).to.contain('222')
    a.send(raw.bind(), raw.execute(), raw.sync())
    const answer = await a.answer('Z')
    expect(answer.types).to.equal('12DCZ')
    expect(answer.text).to.contain('111')
  })

  it('keeps the unnamed statement of a finished unit for its own connection', async () => {
    const [a, b] = [await openRaw(), await openRaw()]
    a.send(raw.parse('select 333 as x'), raw.sync())
    await a.answer('Z')
    b.send(raw.parse('select 444 as x'), raw.sync())
    await b.answer('Z')
    for (const [client, value] of [
      [a, '333'],
      [b, '444'],
      [a, '333'],
    ] as const) {
      client.send(raw.bind(), raw.execute(), raw.sync())
      const answer = await client.answer('Z')
      expect(answer.types).to.equal('2DCZ')
      expect(answer.text).to.contain(value)
    }
  })

  it('hides the unnamed statement of another connection', async () => {
    const [a, b] = [await openRaw(), await openRaw()]
    a.send(raw.parse('select 555 as x'), raw.sync())
    await a.answer('Z')
    b.send(raw.bind(), raw.execute(), raw.sync())
    expect((await b.answer('Z')).text).to.match(/C26000/)
  })

  it('holds the backend between Flush and Sync', async () => {
    const [a, b] = [await openRaw(), await openRaw()]
    a.send(raw.parse('select 1 as x'), raw.describe(), raw.flush())
    expect((await a.answer('T')).types).to.equal('1tT')
    const receivedBefore = b.socket.bytesRead
    b.send(raw.query('select 2 as x'))
    a.send(raw.bind(), raw.execute(), raw.flush())
    expect((await a.answer('C')).types).to.equal('2DC')
    // By now b's query has come, too.
    for (let round = 0; round < 5; round += 1) {
      a.send(raw.bind(), raw.flush())
      await a.answer('2')
    }
    expect(b.socket.bytesRead, 'b waits').to.equal(receivedBefore)
    a.send(raw.sync())
    expect((await a.answer('Z')).types).to.equal('Z')
    expect((await b.answer('Z')).types).to.equal('TDCZ')
  })

  it('runs different statements under the same name on two connections', async () => {
    const [a, b] = await connectMany(2)
    const query = async (client: typeof a, value: number) =>
      (await client!.query({ name: 'same', text: `select ${value} as x` })).rows[0].x
    expect([await query(a, 1), await query(b, 2), await query(a, 1)]).to.deep.equal([1, 2, 1])
  })

  it('frees the names of a connection that has gone', async () => {
    const count = async (): Promise<number> =>
      (await (await postgres.connect()).query(`select count(*)::int as n from pg_prepared_statements`)).rows[0].n
    const before = await count()
    const client = await postgres.connect()
    await client.query({ name: 'mine', text: 'select 1' })
    expect(await count()).to.equal(before + 1)
    await client.end()
    expect(await count()).to.equal(before)
  })

  it('skips to the Sync after an error, over Flush as well', async () => {
    const client = await openRaw()
    client.send(raw.parse('selec'), raw.bind(), raw.execute(), raw.flush(), raw.bind(), raw.execute(), raw.flush())
    expect((await client.answer('E')).types).to.equal('E')
    client.send(raw.parse('select 1'), raw.sync())
    expect((await client.answer('Z')).types).to.equal('Z')
    client.send(raw.parse('select 6 as x'), raw.bind(), raw.execute(), raw.sync())
    expect((await client.answer('Z')).types).to.equal('12DCZ')
  })

  it('answers a pipeline of several units in order', async () => {
    const client = await openRaw()
    const unit = (sql: string) => [raw.parse(sql), raw.bind(), raw.execute(), raw.sync()]
    client.send(
      ...unit('select 7 as x'),
      ...unit('select 1/0'),
      ...unit('select 9 as x'),
      raw.query('select 10 as done'),
    )
    const answer = await client.answer('T')
    expect(answer.types).to.match(/^12DCZ1EZ12DCZT/)
  })

  it('undoes a query of several statements when one of them fails', async () => {
    const owner = await postgres.connect('cdsa_owner')
    await owner.query('create table several (id int)')
    const failure = await owner
      .query('insert into several values (1); select 1/0; insert into several values (2)')
      .then(
        () => undefined,
        (error: Error & { code?: string }) => error.code,
      )
    expect(failure).to.equal('22012')
    expect((await owner.query('select * from several')).rows).to.deep.equal([])
  })
})
