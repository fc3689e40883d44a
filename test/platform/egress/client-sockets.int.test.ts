// pg and ioredis over checked sockets, against a real database and a real Redis: they work, and open nothing by themselves.
import { once } from 'node:events'
import { mkdtemp, rm } from 'node:fs/promises'
import { type AddressInfo, connect, createServer, type Server } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { expect } from 'chai'
import { Redis } from 'ioredis'
import { Client } from 'pg'
import { asPgStream, redisConnector } from '../../../platform/egress/client-sockets.ts'
import { ruleOf } from '../../../platform/egress/refusal.ts'
import { type EmbeddedDatabase, startEmbeddedDatabase } from '../../../platform/embedded/embedded-database.ts'
import { createLogger } from '../../../platform/logger.ts'
import { watchConnectionAttempts } from '../../support/connection-attempts.ts'
import { startCountingServer } from '../../support/counting-server.ts'
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

  const open = (
    host: string,
    port: number,
    allow: readonly string[],
    lookup?: () => Promise<readonly string[]>,
  ): Redis => {
    const egress = testEgress({ allow, ...(lookup && { lookup }) })
    // Whatever stands here, only the connector counts.
    const options = { host: 'nowhere.invalid', port: 1, retryStrategy: () => 20, maxRetriesPerRequest: null }
    const client = new Redis({ ...options, lazyConnect: true, Connector: redisConnector(egress, { host, port }) })
    client.on('error', () => undefined)
    return client
  }

  it('works, and comes back after an outage', async () => {
    const port = Number(new URL(redis.url).port)
    const client = open('127.0.0.1', port, [`127.0.0.1:${port}`])
    await client.set('key', 'value')
    await redis.restart()
    expect(await client.get('key')).to.equal('value')
    client.disconnect()
  })

  it('checks anew when it comes back: a name that leads elsewhere by then isn’t followed', async () => {
    const port = Number(new URL(redis.url).port)
    const answers = [['127.0.0.1'], ['169.254.169.254']]
    const client = open('localhost', port, [`localhost:${port}`], async () => answers.shift() ?? [])
    expect(await client.ping()).to.equal('PONG')
    const refused = once(client, 'error')
    const attempts = watchConnectionAttempts()
    client.disconnect(true)
    const [error] = (await refused) as [unknown]
    attempts.end()
    client.disconnect()
    expect(ruleOf(error)).to.equal('address.not_public')
    expect(attempts.list).to.deep.equal([])
  })

  it('reaches nothing that the guard refuses', async () => {
    const inside = await startCountingServer()
    const client = open('127.0.0.1', inside.port, [])
    expect(ruleOf(await rejection(client.connect()))).to.equal('port')
    client.disconnect()
    expect(inside.connections()).to.equal(0)
    await inside.stop()
  })
})
