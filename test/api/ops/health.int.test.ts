import { once } from 'node:events'
import { type AddressInfo, type Socket, createServer } from 'node:net'
import { expect } from 'chai'
import request from 'supertest'
import { openDatabase } from '../../../db/database.ts'
import { parseConfig } from '../../../platform/config.ts'
import { createTemporalClient } from '../../../platform/temporal/temporal-client.ts'
import { type KernelServer, startKernelServer } from '../../support/kernel-server.ts'
import { newPlatformKeys } from '../../support/sign-in-parts.ts'

interface Check {
  readonly status: string
  readonly latencyMs: number
}

describe('health', () => {
  let server: KernelServer
  // Nothing listens on the discard service's port, and the other one takes connections and says nothing.
  const db = openDatabase({ url: 'postgres://nobody@127.0.0.1:9/nothing' })
  const sockets = new Set<Socket>()
  const silent = createServer((socket) => sockets.add(socket.on('error', () => {})))

  before(async () => {
    silent.listen(0, '127.0.0.1')
    await once(silent, 'listening')
    const address = `127.0.0.1:${(silent.address() as AddressInfo).port}`
    const temporal = await createTemporalClient(parseConfig({ TEMPORAL_ADDRESS: address }), newPlatformKeys())
    server = await startKernelServer({ routes: [], parts: { temporal }, db })
  })
  after(async () => {
    await server.stop()
    await server.platform.temporal.connection.close()
    await db.close()
    for (const socket of sockets) socket.destroy()
    silent.close()
  })

  it('/livez answers whatever is down', async () => {
    const response = await request(server.url).get('/livez')
    expect(response.status).to.equal(200)
    expect(response.body).to.deep.equal({ status: 'alive' })
  })

  it('/readyz names what is down', async () => {
    const response = await request(server.url).get('/readyz')
    expect(response.status).to.equal(503)
    expect(response.body.status).to.equal('unready')
    expect(Object.keys(response.body.checks)).to.deep.equal(['database', 'temporal'])
    for (const check of Object.values<Check>(response.body.checks)) {
      expect(check.status).to.equal('down')
      expect(check.latencyMs).to.be.a('number')
    }
  })

  it('/metrics speaks Prometheus’ text', async () => {
    const response = await request(server.url).get('/metrics')
    expect(response.status).to.equal(200)
    expect(response.headers['content-type']).to.match(/^text\/plain; version=0\.0\.4/)
    expect(response.text).to.contain('# TYPE http_request_duration_seconds histogram')
  })
})
