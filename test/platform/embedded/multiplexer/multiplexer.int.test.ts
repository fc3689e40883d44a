// Real sockets in front of a stand-in for Postgres that the test can hold up: what the multiplexer takes in and lets go
// while the backend is busy.
import { expect } from 'chai'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { type Multiplexer, startMultiplexer } from '../../../../platform/embedded/multiplexer/multiplexer.ts'
import { readyMessage } from '../../../../platform/embedded/multiplexer/wire-messages.ts'
import { eventually } from '../../../support/eventually.ts'
import { raw, type RawPostgres, startRawPostgres } from '../../../support/raw-postgres.ts'

describe('multiplexer with a busy backend', () => {
  let directory: string
  let path: string
  let multiplexer: Multiplexer
  let ran: string[]
  let troubles: unknown[]
  /** Queries are held up while there is a gate; each release lets one go. */
  let gate: (() => void)[] | undefined
  const clients: RawPostgres[] = []

  beforeEach(async () => {
    directory = await mkdtemp(join(tmpdir(), 'cdsa-mux-'))
    path = join(directory, 'socket')
    ran = []
    troubles = []
    gate = undefined
    multiplexer = await startMultiplexer({
      exchange: async (messages) => {
        const text = messages
          .toString('utf8', 5)
          .replaceAll(/[^ -~]/g, '')
          .slice(0, 20)
        if (text.startsWith('set session')) return readyMessage('I')
        ran.push(text)
        await new Promise<void>((resolve) => (gate === undefined ? resolve() : gate.push(resolve)))
        return text === 'die' ? Buffer.alloc(0) : readyMessage('I')
      },
      listen: { path },
      parameters: {},
      maxConnections: 5,
      idleTransactionMs: 1_000,
      onBroken: (error) => troubles.push(error),
    })
  })
  afterEach(async () => {
    for (const client of clients.splice(0)) client.close()
    for (const release of gate ?? []) release()
    gate = undefined
    await multiplexer.close()
    await rm(directory, { recursive: true, force: true, maxRetries: 10 })
  })
  const open = async (): Promise<RawPostgres> => {
    const client = await startRawPostgres(path)
    clients.push(client)
    return client
  }
  const isHeld = (count: number) => eventually('a held query', () => gate?.length === count)

  it('takes one unit of a client at a time, and reads little ahead', async () => {
    gate = []
    const client = await open()
    client.send(raw.query('first'), raw.query('second'))
    await isHeld(1)
    client.send(raw.query('x'.repeat(64e6)))
    // It stops for good with much left to send: unchanged over many looks.
    let looks = 0
    let seen = -1
    await eventually('the end of reading', () => {
      looks = client.socket.bytesWritten === seen ? looks + 1 : 0
      seen = client.socket.bytesWritten
      return looks > 20 && client.socket.writableLength > 30e6
    })
    expect(ran).to.deep.equal(['first'])
    const [release] = gate
    gate = undefined
    release?.()
    await eventually('the rest', () => ran.length === 3)
    expect(ran).to.deep.equal(['first', 'second', 'x'.repeat(20)])
    expect(client.socket.writableLength).to.equal(0)
  })

  it('doesn’t run what a client had sent when it went away', async () => {
    gate = []
    const [busy, leaving] = [await open(), await open()]
    busy.send(raw.query('busy'))
    await isHeld(1)
    leaving.send(raw.query('one'), raw.query('two'))
    const closed = new Promise((resolve) => leaving.socket.once('close', resolve))
    leaving.socket.end()
    await closed
    const [release] = gate
    gate = undefined
    release?.()
    busy.send(raw.query('done'))
    await eventually('the other client’s query', () => ran.includes('done'))
    expect(ran).to.deep.equal(['busy', 'done'])
  })

  it('reports a backend that stops in the middle, and runs nothing any more', async () => {
    const [one, other] = [await open(), await open()]
    one.send(raw.query('die'))
    await eventually('the report', () => troubles.length === 1)
    other.send(raw.query('too late'))
    await open()
    expect(ran).to.deep.equal(['die'])
  })

  it('tells its clients that it closes', async () => {
    const client = await open()
    await multiplexer.close()
    expect((await client.answer('E')).text).to.contain('C57P01')
  })
})
