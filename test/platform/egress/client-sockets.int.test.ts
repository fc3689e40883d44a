// pg and ioredis over checked sockets, against a real database and a real Redis: they work, and open nothing by themselves.
import { once } from 'node:events'
import { mkdtemp, rm } from 'node:fs/promises'
import { type AddressInfo, connect, createServer, type Server } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { expect } from 'chai'
import { Redis } from 'ioredis'
import { Client } from 'pg'
import { asPgStream, asRedisConnector } from '../../../platform/egress/client-sockets.ts'
import { type EmbeddedDatabase, startEmbeddedDatabase } from '../../../platform/embedded/embedded-database.ts'
import { createLogger } from '../../../platform/logger.ts'
import { watchConnectionAttempts } from '../../support/connection-attempts.ts'
import { testEgress } from '../../support/egress-harness.ts'
import { startRedisOrSkip, type TestRedis } from '../../support/redis.ts'
import { rejection } from '../../support/rejection.ts'

describe('pg over a checked socket', function () {
  this.timeout(60_000)
  let directory: string
  let database: EmbeddedDatabase
  let tcp: Server

  before(async () => {
    directory = await mkdtemp(join(tmpdir(), 'cdsa-egress-'))
    database = await startEmbeddedDatabase({ directory, log: createLogger({ level: 'silent' }) })
    // The embedded database listens on a socket in the file system.
    const url = new URL(database.applicationUrl)
    const path = join(url.searchParams.get('host') ?? decodeURIComponent(url.hostname), `.s.PGSQL.${url.port || 5432}`)
    tcp = createServer((socket) => {
      const server = connect(path)
      socket.on('error', () => server.destroy())
      server.on('error', () => socket.destroy())
      socket.pipe(server).pipe(socket)
    })
    tcp.listen(0, '127.0.0.1')
    await once(tcp, 'listening')
  })
  after(async () => {
    tcp.close()
    await database.stop()
    await rm(directory, { recursive: true, force: true, maxRetries: 10 })
  })

  it('logs in and queries', async () => {
    const { port } = tcp.address() as AddressInfo
    const egress = testEgress({ allow: [`127.0.0.1:${port}`] })
    const { username, password, pathname } = new URL(database.applicationUrl)
    const attempts = watchConnectionAttempts()
    const client = new Client({
      // Whatever stands here, only the socket counts.
      host: 'nowhere.invalid',
      port: 1,
      user: decodeURIComponent(username),
      password: decodeURIComponent(password),
      database: pathname.slice(1),
      stream: asPgStream(await egress.connect({ host: '127.0.0.1', port })),
    })
    await client.connect()
    const { rows } = await client.query<{ sum: number }>('select $1::int + 1 as sum', [41])
    await client.end()
    attempts.end()
    expect(rows).to.deep.equal([{ sum: 42 }])
    expect(attempts.list).to.deep.equal([`127.0.0.1:${port}`])
  })
})

describe('ioredis over a checked socket', function () {
  this.timeout(60_000)
  let redis: TestRedis

  before(async function () {
    redis = await startRedisOrSkip(this)
  })
  after(() => redis?.stop())

  it('works over the one socket, opens no other, and ends with it', async () => {
    const { port, host: place } = new URL(redis.url)
    const egress = testEgress({ allow: [place] })
    const attempts = watchConnectionAttempts()
    const socket = await egress.connect({ host: '127.0.0.1', port: Number(port) })
    // Whatever stands here, only the connector counts.
    const target = { host: 'nowhere.invalid', port: 1, Connector: asRedisConnector(socket) }
    const client = new Redis({ ...target, retryStrategy: null, maxRetriesPerRequest: 0 })
    client.on('error', () => undefined)
    await client.set('key', 'value')
    expect(await client.get('key')).to.equal('value')
    socket.destroy()
    await once(client, 'end')
    expect(await rejection(client.get('key'))).to.be.instanceOf(Error)
    attempts.end()
    expect(attempts.list).to.deep.equal([place])
  })
})
