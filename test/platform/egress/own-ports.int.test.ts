// The platform's own services stay closed, also to an allow-list that names them.
import { networkInterfaces } from 'node:os'
import { expect } from 'chai'
import { parseConfig } from '../../../platform/config.ts'
import { classifyAddress } from '../../../platform/egress/address.ts'
import { ownPortsOf } from '../../../platform/egress/own-ports.ts'
import { ruleOf } from '../../../platform/egress/refusal.ts'
import { type ConnectionAttempts, watchConnectionAttempts } from '../../support/connection-attempts.ts'
import { startCountingServer } from '../../support/counting-server.ts'
import { testEgress } from '../../support/egress-harness.ts'
import { rejection } from '../../support/rejection.ts'

const names: Readonly<Record<string, readonly string[]>> = {
  'db.internal': ['10.0.0.5'],
  'other-name-of-db.internal': ['10.0.0.5'],
  'other-db.internal': ['10.0.0.6'],
  'redis.internal': ['10.0.0.7'],
  'temporal.internal': ['10.0.0.8'],
  'api.internal': ['10.0.0.9'],
}
const lookup = async (name: string): Promise<readonly string[]> => {
  const addresses = names[name]
  if (addresses === undefined) throw Object.assign(new Error('not found'), { code: 'ENOTFOUND' })
  return addresses
}

const environment = {
  DATABASE_URL: 'postgres://app:secret@db.internal/cdsa',
  REDIS_URL: 'rediss://redis.internal:6390',
  TEMPORAL_ADDRESS: 'temporal.internal:7233',
  PORT: '3100',
}

describe('[L1] the platform’s own ports', () => {
  let attempts: ConnectionAttempts
  beforeEach(() => {
    attempts = watchConnectionAttempts()
  })
  afterEach(() => attempts.end())

  const ruleFor = async (place: string, config = environment): Promise<string | undefined> => {
    const [host = '', port = ''] = place.split(/:(?=\d+$)/)
    const egress = testEgress({ lookup, allow: [place], ownPorts: ownPortsOf(parseConfig(config)) })
    // Some networks let a connection to anywhere begin.
    return egress.connect({ host, port: Number(port), timeoutMs: 100 }).then(
      (socket) => void socket.destroy(),
      (error: unknown) => ruleOf(error),
    )
  }

  it('are closed by name, by address and by another name', async () => {
    for (const place of [
      'db.internal:5432',
      'DB.internal.:5432',
      '10.0.0.5:5432',
      '[::ffff:10.0.0.5]:5432',
      '[64:ff9b::a00:5]:5432',
      'other-name-of-db.internal:5432',
      'redis.internal:6390',
      'temporal.internal:7233',
      '10.0.0.8:7233',
      // Where the API and Temporal's web UI listen isn't known to every process.
      'api.internal:3100',
      '127.0.0.1:3100',
      '[::1]:3100',
      '127.0.0.1:8233',
      '10.1.2.3:8300',
    ]) {
      expect(await ruleFor(place), place).to.equal('address.own')
    }
    expect(attempts.list).to.deep.equal([])
  })

  it('leave other hosts’ same port to the allow-list', async () => {
    expect(await ruleFor('other-db.internal:5432')).to.equal(undefined)
    expect(attempts.list).to.deep.equal(['10.0.0.6:5432'])
  })

  it('on this machine are closed on each of its addresses', async () => {
    const local = { ...environment, DATABASE_URL: 'postgres://app@127.0.0.1:5555/cdsa' }
    const own = Object.values(networkInterfaces()).flatMap((list) => list ?? [])
    for (const { address } of own.filter(({ family }) => family === 'IPv4')) {
      const reach = classifyAddress(address)?.reach
      const rule = reach === 'special' ? 'address.not_public' : 'address.own'
      expect(await ruleFor(`${address}:5555`, local), address).to.equal(rule)
    }
    expect(await ruleFor('127.9.9.9:5555', local)).to.equal('address.own')
    expect(attempts.list).to.deep.equal([])
  })

  it('are closed to the connection when their own host can’t be found', async () => {
    const lost = { ...environment, DATABASE_URL: 'postgres://app@lost.internal/cdsa' }
    const ownPorts = ownPortsOf(parseConfig(lost))
    const egress = testEgress({ lookup, allow: ['other-db.internal:5432'], ownPorts })
    const error = await rejection(egress.connect({ host: 'other-db.internal', port: 5432 }))
    expect(error).to.include({ code: 'egress.failed', retryable: true })
    expect(attempts.list).to.deep.equal([])
  })

  it('include those that the system chose', async () => {
    const server = await startCountingServer()
    const egress = testEgress({ allow: [`127.0.0.1:${server.port}`] })
    expect(await (await egress.fetch(server.url)).text()).to.equal('reached')
    egress.addOwnPort(server.port)
    expect(ruleOf(await rejection(egress.fetch(server.url)))).to.equal('address.own')
    expect(server.connections()).to.equal(1)
    await server.stop()
  })

  it('are none for a socket in the file system', () => {
    const sockets = ['postgres://app@/cdsa?host=/run/postgresql', 'postgres://app@%2Frun%2Fpostgresql/cdsa']
    for (const url of sockets) expect(ownPortsOf(parseConfig({ DATABASE_URL: url, PORT: '1' }))).to.have.length(2)
  })
})
