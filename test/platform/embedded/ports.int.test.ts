// Ports, against real listeners.
import { once } from 'node:events'
import { type AddressInfo, createServer, type Server } from 'node:net'
import { expect } from 'chai'
import { choosePort } from '../../../platform/embedded/ports.ts'
import { StartError } from '../../../platform/embedded/start-error.ts'
import { rejection } from '../../support/rejection.ts'

const host = '127.0.0.1'

describe('choosePort', () => {
  let server: Server
  let taken: number

  beforeEach(async () => {
    server = createServer().listen(0, host)
    await once(server, 'listening')
    taken = (server.address() as AddressInfo).port
  })

  afterEach(() => void server.close())

  it('takes the next free port when the preferred one is taken', async () => {
    const port = await choosePort({ host, given: undefined, preferred: taken, variable: 'PORT' })
    expect(port).to.be.greaterThan(taken)
  })

  it('refuses a given port that is taken, and names the variable', async () => {
    const error = await rejection(choosePort({ host, given: taken, preferred: 3000, variable: 'TEMPORAL_UI_PORT' }))
    expect(error).to.be.instanceOf(StartError)
    expect(error.message).to.contain(String(taken)).and.contain('TEMPORAL_UI_PORT')
  })

  it('takes a given port that is free, and any free one for 0', async () => {
    const any = await choosePort({ host, given: 0, preferred: 3000, variable: 'PORT' })
    expect(any).to.be.greaterThan(0)
    expect(await choosePort({ host, given: any, preferred: 3000, variable: 'PORT' })).to.equal(any)
  })
})
